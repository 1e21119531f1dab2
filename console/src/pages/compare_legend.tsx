/** The trials or groups of a comparison: colour, dash, state; shown, hidden or taken out. */

import type { Trial } from "../api/types";
import { Swatch } from "../charts/chart";
import { strokeOf } from "../charts/palette";
import { joinNames, splitNames } from "../model/route";
import { BothEnds, IconButton, StateMark } from "../parts/basics";
import { route, setQuery } from "../state/route";
import { dark } from "../state/settings";
import { t } from "../words";

/** A trial, or a group of trials, as one line of every chart. */
export interface ComparedLine {
  key: string;
  label: string;
  trials: Trial[];
  index: number;
}

interface LegendProps {
  lines: ComparedLine[];
  hidden: ReadonlySet<string>;
  hide: (keys: string[]) => void;
  by: string | null;
  names: string[];
}

export function CompareLegend({ lines, hidden, hide, by, names }: LegendProps) {
  return (
    <aside class="compare-legend" aria-label={t("compare.legend")}>
      <label class="field">
        <span>{t("compare.group")}</span>
        <select
          value={by ?? ""}
          onChange={(event) => setQuery({ group: event.currentTarget.value || null, hidden: null })}
        >
          <option value="">{t("compare.group.none")}</option>
          <option value="seeds">{t("compare.group.seeds")}</option>
          {names.slice(0, 100).map((name) => (
            <option key={name} value={joinNames([name])}>
              {t("compare.group.by", { name })}
            </option>
          ))}
        </select>
      </label>
      <ul>
        {lines.map((line) => (
          <Entry key={line.key} line={line} hidden={hidden} hide={hide} />
        ))}
      </ul>
    </aside>
  );
}

function Entry({
  line,
  hidden,
  hide,
}: {
  line: ComparedLine;
  hidden: ReadonlySet<string>;
  hide: (keys: string[]) => void;
}) {
  const off = hidden.has(line.key);
  const only = line.trials.length === 1 ? line.trials[0] : undefined;
  const flip = () => hide(off ? [...hidden].filter((key) => key !== line.key) : [...hidden, line.key]);
  const remove = () => {
    const gone = new Set(line.trials.map((trial) => trial.id));
    setQuery({ trials: joinNames(splitNames(route.value.query.get("trials")).filter((id) => !gone.has(id))) });
  };
  return (
    <li class={off ? "off" : ""}>
      <button
        type="button"
        class="swatch-button"
        aria-pressed={!off}
        aria-label={t(off ? "compare.show" : "compare.hide", { name: line.label })}
        onClick={flip}
      >
        <Swatch curve={{ stroke: strokeOf(line.index, dark.value) }} />
      </button>
      <span class="grow clip">
        {only ? (
          <a href={`#/trials/${encodeURIComponent(only.id)}/`} title={line.label}>
            <BothEnds text={line.label} />
          </a>
        ) : (
          <span title={line.label}>
            <BothEnds text={line.label} />
          </span>
        )}
      </span>
      {only ? (
        <StateMark state={only.state} reason={only.reason} />
      ) : (
        <span class="soft">{t("compare.group.size", { n: line.trials.length })}</span>
      )}
      <IconButton icon="close" label={t("compare.remove", { name: line.label })} onClick={remove} size={12} />
    </li>
  );
}
