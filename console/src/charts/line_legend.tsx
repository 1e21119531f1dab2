/** The lines of all charts of a page: their colours and values; shown, hidden, alone, taken out. */

import { useSignalEffect } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { numberOf } from "../model/format";
import { formatRoute } from "../model/route";
import { BothEnds, IconButton, Names, StateMark } from "../parts/basics";
import { t } from "../words";
import type { Colouring, TrialLine } from "./colouring";
import { lastOf } from "./curves";
import { emphasised } from "./emphasis";
import { Swatch } from "./legend";
import { lastText } from "./readings";

export interface LineLegendProps {
  lines: TrialLine[];
  colouring: Colouring;
  hidden: ReadonlySet<string>;
  hide: (keys: string[]) => void;
  /** The metric whose last values are told and sorted by, with a `-` before it from the greatest; none: as they come. */
  sort: string;
  remove?: (line: TrialLine) => void;
}

interface Row {
  line: TrialLine;
  text: string;
  value: number | null;
}

/** Lines with the last value of a metric, in its order; those without one come last. */
function rowsOf(lines: TrialLine[], sort: string): Row[] {
  const metric = sort.replace(/^-/, "");
  const rows = lines.map((line) => {
    const having = line.trials.filter((trial) => metric in trial.metrics);
    const last = metric ? lastOf(having.map((trial) => numberOf(trial.metrics[metric]?.last))) : null;
    return { line, text: metric ? lastText(last) : "", value: last && Number.isFinite(last.value) ? last.value : null };
  });
  if (!metric) return rows;
  const way = sort.startsWith("-") ? -1 : 1;
  return rows.sort((one, other) => {
    if (one.value === null || other.value === null) return Number(one.value === null) - Number(other.value === null);
    return way * (one.value - other.value);
  });
}

export function LineLegend(props: LineLegendProps) {
  const { lines, colouring, sort } = props;
  const rows = useMemo(() => rowsOf(lines, sort), [lines, sort]);
  const list = useRef<HTMLUListElement>(null);
  useSignalEffect(() => markStrong(list.current, emphasised.value));
  return (
    <>
      {colouring.scale.length > 0 && <Scale scale={colouring.scale} />}
      {lines[0]?.common && (
        <p class="soft common-name" title={lines[0].common}>
          {lines[0].common}
        </p>
      )}
      <ul ref={list} onMouseLeave={() => emphasise(null)}>
        <Names names={lines.map(({ short }) => short)}>
          {rows.map((row) => (
            <Entry key={row.line.key} row={row} {...props} />
          ))}
        </Names>
      </ul>
    </>
  );
}

/** A pointer over a chart moves through many lines: only the two that change are touched. */
function markStrong(list: HTMLUListElement | null, key: string | null): void {
  list?.querySelector("[data-strong]")?.removeAttribute("data-strong");
  if (key !== null) list?.querySelector(`[data-line="${CSS.escape(key)}"]`)?.setAttribute("data-strong", "");
}

function emphasise(key: string | null): void {
  emphasised.value = key;
}

function Scale({ scale }: { scale: Colouring["scale"] }) {
  return (
    <div class="colour-scale">
      {scale.map(({ label, colour }) => (
        <span key={label} class="clip">
          <Swatch curve={{ stroke: { colour, dash: [] } }} />
          {label}
        </span>
      ))}
    </div>
  );
}

function Entry({ row, ...props }: LineLegendProps & { row: Row }) {
  const { lines, colouring, hidden, hide, remove } = props;
  const { line } = row;
  const name = line.label;
  const off = hidden.has(line.key);
  const others = lines.filter(({ key }) => key !== line.key).map(({ key }) => key);
  const alone = !off && others.length > 0 && others.every((key) => hidden.has(key));
  const only = line.trials.length === 1 ? line.trials[0] : undefined;
  const stroke = colouring.strokes.get(line.key);
  const label = (
    <span class="clip" title={name}>
      <BothEnds text={line.short} />
    </span>
  );
  return (
    <li
      class={off ? "off" : ""}
      data-line={line.key}
      onMouseEnter={() => emphasise(off ? null : line.key)}
      onFocusIn={() => emphasise(off ? null : line.key)}
      onFocusOut={() => emphasise(null)}
    >
      <button
        type="button"
        class="swatch-button"
        aria-pressed={!off}
        aria-label={t(off ? "compare.show" : "compare.hide", { name })}
        onClick={() => hide(off ? [...hidden].filter((key) => key !== line.key) : [...hidden, line.key])}
      >
        {stroke && <Swatch curve={{ stroke }} />}
      </button>
      <span class="grow clip">{only ? <a href={formatRoute("trials", only.id)}>{label}</a> : label}</span>
      <span class="line-actions">
        <span>
          <IconButton
            icon="eye"
            pressed={alone}
            label={t(alone ? "compare.all" : "compare.alone", { name })}
            onClick={() => hide(alone ? [] : others)}
            size={13}
          />
          {remove && (
            <IconButton icon="close" label={t("compare.remove", { name })} onClick={() => remove(line)} size={12} />
          )}
        </span>
      </span>
      <span class="line-value">
        {row.text && <b class="number">{row.text}</b>}
        {only ? (
          <StateMark trial={only} />
        ) : (
          <span class="soft">{t("compare.group.size", { n: line.trials.length })}</span>
        )}
      </span>
    </li>
  );
}
