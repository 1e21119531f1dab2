/** Parameters of one trial, and the table that shows names and values. */

import { useState } from "preact/hooks";
import type { TrialDetail } from "../api/types";
import { type Flat, flatten } from "../model/flat";
import { formatValue, isNumber } from "../model/format";
import { Command, CopyButton, Empty } from "../parts/basics";
import { t } from "../words";

export function FactTable({ facts }: { facts: Flat }) {
  return (
    <div class="scroll">
      <table class="plain facts-table">
        <tbody>
          {facts.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class={isNumber(value) ? "mono" : typeof value === "string" ? "mono text" : "mono soft"}>
                {formatValue(value)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function ParametersTab({ trial }: { trial: TrialDetail }) {
  const [filter, setFilter] = useState("");
  const all = flatten(trial.parameters);
  if (!all.length) {
    return (
      <Empty title={t("trial.parameters.none")} next={t("trial.parameters.none.next")}>
        <Command text="trial.params.update(lr=0.01, batch_size=32)" />
      </Empty>
    );
  }
  const wanted = filter.trim().toLowerCase();
  const shown = all.filter(([name, value]) => `${name} ${formatValue(value)}`.toLowerCase().includes(wanted));
  return (
    <section class="card">
      <div class="row">
        <input
          type="search"
          placeholder={t("trial.filter")}
          aria-label={t("trial.filter")}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <span class="soft">{shown.length}</span>
        <CopyButton text={JSON.stringify(trial.parameters, null, 2)} label={`${t("common.copy")} (JSON)`} />
      </div>
      <FactTable facts={shown} />
    </section>
  );
}
