/** Parameters and last metrics of trials beside each other; what differs stands out. */

import type { Trial } from "../api/types";
import { bestOf } from "../model/direction";
import type { Difference } from "../model/flat";
import { formatNumber, formatValue, isNumber, numberOf } from "../model/format";
import { formatRoute } from "../model/route";
import { BaselineMark, DifferenceNote, Star } from "../parts/baseline";
import { BothEnds, Empty, Names, StateMark } from "../parts/basics";
import { wayOf } from "../state/directions";
import { route, setQuery } from "../state/route";
import { t } from "../words";

const MOST_ROWS = 1000;

export function DifferenceTable({ trials, rows }: { trials: Trial[]; rows: Difference[] }) {
  const only = route.value.query.get("all") !== "1";
  const shown = (only ? rows.filter((row) => row.differs) : rows).slice(0, MOST_ROWS);
  const metrics = [...new Set(trials.flatMap((trial) => Object.keys(trial.metrics)))]
    .filter((name) => !name.startsWith("system."))
    .sort();
  return (
    <>
      <div class="bar">
        <label class="check">
          <input type="checkbox" checked={only} onChange={() => setQuery({ all: only ? "1" : null })} />
          {t("compare.different")}
        </label>
        <span class="soft">
          {shown.length} / {rows.length}
        </span>
      </div>
      {shown.length === 0 && only && rows.length > 0 && <Empty title={t("compare.same")} />}
      <div class="card scroll tall">
        <table class="plain differences">
          <thead>
            <tr>
              <th scope="col">{t("common.name")}</th>
              <Names names={trials.map(({ name }) => name)}>
                {trials.map((trial) => (
                  <th key={trial.id} scope="col">
                    <a href={formatRoute("trials", trial.id)} class="clip" title={trial.name}>
                      <BothEnds text={trial.name} />
                    </a>
                    <BaselineMark trial={trial} />
                    <StateMark trial={trial} />
                  </th>
                ))}
              </Names>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={`p ${row.name}`} class={row.differs ? "differs" : ""}>
                <th scope="row">{row.name}</th>
                {row.values.map((value, at) => (
                  <td key={trials[at]?.id} class={`mono${isNumber(value) ? " whole" : ""}`}>
                    {formatValue(value)}
                  </td>
                ))}
              </tr>
            ))}
            {metrics.slice(0, MOST_ROWS).map((name) => (
              <MetricRow key={`m ${name}`} name={name} trials={trials} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** The last values of a metric: the best has a star, and each says how far it is from the baseline. */
function MetricRow({ name, trials }: { name: string; trials: Trial[] }) {
  const best = bestOf(
    trials.map((trial) => numberOf(trial.metrics[name]?.last)),
    wayOf(name),
  );
  return (
    <tr class="metric-row">
      <th scope="row">{name}</th>
      {trials.map((trial, at) => (
        <td key={trial.id} class="mono whole">
          {best.has(at) && <Star />}
          {formatNumber(trial.metrics[name]?.last)}
          <DifferenceNote trial={trial} metric={name} aggregate="last" />
        </td>
      ))}
    </tr>
  );
}
