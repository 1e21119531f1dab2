/** The ten best trials by the target. */

import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { bestOf } from "../model/direction";
import { formatRoute } from "../model/route";
import { firstAxes } from "../model/sweep";
import { BaselineMark, DifferenceNote, Star } from "../parts/baseline";
import { BothEnds, Names, StateMark } from "../parts/basics";
import { pointed } from "../state/pointed";
import { t } from "../words";
import { ranked, type SweepData } from "./data";
import { FieldCells, FieldHeads, fieldLabel, shownValue } from "./fields";

const TEN = 10;
const PARAMETERS = 4;

export function Best({ data }: { data: SweepData }) {
  const body = useRef<HTMLTableSectionElement>(null);
  useSignalEffect(() => {
    body.current?.querySelector("[data-strong]")?.removeAttribute("data-strong");
    const id = pointed.value;
    if (id !== null) body.current?.querySelector(`[data-trial="${CSS.escape(id)}"]`)?.setAttribute("data-strong", "");
  });
  const { target } = data;
  if (!target) return null;
  const rows = target.way ? ranked(data).slice(0, TEN) : [];
  const stars = bestOf(
    rows.map((at) => target.data.numbers[at] as number),
    target.way,
  );
  const parameters = data.fields.parameters.map((name) => data.field(`params.${name}`));
  const fields = firstAxes(parameters, "", PARAMETERS).flatMap((id) => (id ? [data.field(id)] : []));
  const title = t("sweep.best", { n: rows.length || TEN });
  return (
    <section class="card sweep-part" aria-label={title}>
      <div class="sweep-head">
        <h3>{title}</h3>
      </div>
      {!target.way && <p class="soft">{t("sweep.best.unknown", { name: target.column.name })}</p>}
      {target.way && !rows.length && <p class="soft">{t("sweep.best.none", { name: fieldLabel(target.data.id) })}</p>}
      {rows.length > 0 && (
        <div class="scroll">
          <table class="plain sweep-table best" aria-label={title}>
            <thead>
              <tr>
                <th scope="col">{t("common.name")}</th>
                <th scope="col" class="number">
                  {fieldLabel(target.data.id)}
                </th>
                <th scope="col">{t("column.state")}</th>
                <FieldHeads fields={fields} />
              </tr>
            </thead>
            <tbody ref={body}>
              <Names names={rows.map((at) => data.trials[at]?.name ?? "")}>
                {rows.map((at, place) => {
                  const trial = data.trials[at];
                  if (!trial) return null;
                  const point = (id: string | null) => () => {
                    pointed.value = id;
                  };
                  return (
                    <tr
                      key={trial.id}
                      data-trial={trial.id}
                      onMouseEnter={point(trial.id)}
                      onMouseLeave={point(null)}
                      onFocusIn={point(trial.id)}
                      onFocusOut={point(null)}
                    >
                      <th scope="row">
                        <a class="clip" href={formatRoute("trials", trial.id)} title={trial.name}>
                          <BothEnds text={trial.name} />
                        </a>
                        <BaselineMark trial={trial} />
                      </th>
                      <td class="number">
                        {stars.has(place) && <Star />}
                        {shownValue(target.data, target.data.numbers[at] as number)}
                        <DifferenceNote trial={trial} metric={target.column.name} aggregate={target.column.aggregate} />
                      </td>
                      <td>
                        <StateMark trial={trial} />
                      </td>
                      <FieldCells fields={fields} at={at} />
                    </tr>
                  );
                })}
              </Names>
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
