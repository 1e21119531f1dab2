/** The ten best trials by the target. */

import { useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { bestOf } from "../model/direction";
import { formatRoute } from "../model/route";
import { firstAxes } from "../model/sweep";
import { BaselineMark, DifferenceNote, Star } from "../parts/baseline";
import { BothEnds, Names, StateMark } from "../parts/basics";
import { pointed } from "../state/pointed";
import { t } from "../words";
import { ranked, type SweepData } from "./data";
import { FieldCells, FieldHeads, fieldLabel, shownValue } from "./fields";
import { useWidth } from "./width";

const TEN = 10;
const PARAMETERS = 4;

export function Best({ data }: { data: SweepData }) {
  const { target } = data;
  if (!target) return null;
  const rows = target.way ? ranked(data).slice(0, TEN) : [];
  const title = t("sweep.best", { n: rows.length || TEN });
  return (
    <section class="card sweep-part" aria-label={title}>
      <div class="sweep-head">
        <h3>{title}</h3>
      </div>
      {!target.way && <p class="soft">{t("sweep.best.unknown", { name: target.column.name })}</p>}
      {target.way && !rows.length && <p class="soft">{t("sweep.best.none", { name: fieldLabel(target.data.id) })}</p>}
      {rows.length > 0 && <BestTable data={data} target={target} rows={rows} title={title} />}
    </section>
  );
}

interface TableProps {
  data: SweepData;
  target: NonNullable<SweepData["target"]>;
  rows: number[];
  title: string;
}

function BestTable({ data, target, rows, title }: TableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  useSignalEffect(() => {
    body.current?.querySelector("[data-strong]")?.removeAttribute("data-strong");
    const id = pointed.value;
    if (id !== null) body.current?.querySelector(`[data-trial="${CSS.escape(id)}"]`)?.setAttribute("data-strong", "");
  });
  const parameters = data.fields.parameters.map((name) => data.field(`params.${name}`));
  const all = firstAxes(parameters, "", PARAMETERS).flatMap((id) => (id ? [data.field(id)] : []));
  const [isOpen, setOpen] = useState(false);
  const [box, width] = useWidth();
  const given = useGiven(box, JSON.stringify([width, rows, all.map(({ id }) => id), isOpen]), all.length + 1);
  const left = Math.max(0, given - 1);
  const fields = isOpen ? all : all.slice(0, all.length - left);
  const stars = bestOf(
    rows.map((at) => target.data.numbers[at] as number),
    target.way,
  );
  return (
    <>
      <div class="scroll" ref={box}>
        <table class={`plain sweep-table best${given ? " tight" : ""}`} aria-label={title}>
          <thead>
            <tr>
              <th scope="col">{t("common.name")}</th>
              <th scope="col" class="number">
                {fieldLabel(target.data.id)}
              </th>
              <th scope="col">
                <span class="best-word">{t("column.state")}</span>
              </th>
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
      {(left > 0 || isOpen) && (
        <button type="button" class="quiet small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? t("sweep.best.fewer") : t("sweep.best.more", { n: left })}
        </button>
      )}
    </>
  );
}

/**
 * How often a table must give way until it fits its box: first the words of states, then a column each time.
 *
 * @param key What the widths depend on: all is tried again when it changes.
 */
function useGiven(box: { current: HTMLElement | null }, key: string, most: number): number {
  const [{ of, given }, give] = useState({ of: key, given: 0 });
  const now = of === key ? given : 0;
  useLayoutEffect(() => {
    const place = box.current;
    if (place && now < most && place.scrollWidth > place.clientWidth) give({ of: key, given: now + 1 });
  }, [key, now]);
  return now;
}
