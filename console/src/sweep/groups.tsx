/** The mean of the target by a parameter, with its deviation and how many trials it is of. */

import { useMemo } from "preact/hooks";
import { type Last, lastOf } from "../charts/curves";
import { lastText } from "../charts/readings";
import { bestOf } from "../model/direction";
import { scaleOf } from "../model/scale";
import { rangeOf } from "../model/sweep";
import { Star } from "../parts/baseline";
import { setQuery } from "../state/route";
import { t } from "../words";
import type { SweepData } from "./data";
import { FieldChoice, fieldLabel, leftOut, shownValue } from "./fields";
import { Bar } from "./importance";
import type { SweepView } from "./view";

/** More values than this become ranges of numbers; of choices, the most frequent are shown. */
const MOST = 12;

interface Group {
  label: string;
  last: Last;
}

interface Groups {
  groups: Group[];
  /** Trials of choices that are too many to show. */
  others: number;
}

function groupsOf(data: SweepData, id: string): Groups {
  const target = data.target?.data;
  if (!target) return { groups: [], others: 0 };
  const field = data.field(id);
  const members = new Map<number, number[]>();
  const values = new Set(field.numbers.filter(Number.isFinite));
  const isMany = field.kind === "number" && values.size > MOST;
  const scale = scaleOf(field, 4);
  const bin = (value: number) => (isMany ? Math.min(MOST - 1, Math.floor(scale.of(value) * MOST)) : value);
  data.within.forEach((isIn, at) => {
    const value = field.numbers[at] as number;
    const there = target.numbers[at] as number;
    if (!isIn || !Number.isFinite(there) || !Number.isFinite(value)) return;
    members.set(bin(value), [...(members.get(bin(value)) ?? []), there]);
  });
  const [least, greatest] = rangeOf(field.numbers) ?? [0, 0];
  const end = (place: number) =>
    place === 0 ? least : place === MOST ? greatest : Number(scale.back(place / MOST).toPrecision(3));
  const label = (value: number) =>
    isMany ? `${shownValue(field, end(value))} … ${shownValue(field, end(value + 1))}` : shownValue(field, value);
  const all = [...members].map(([value, numbers]) => ({ value, label: label(value), last: meanOf(numbers) }));
  const most = [...all].sort((one, other) => other.last.n - one.last.n).slice(0, MOST);
  const others = all.filter((group) => !most.includes(group)).reduce((sum, group) => sum + group.last.n, 0);
  return { groups: most.sort((one, other) => one.value - other.value), others };
}

function meanOf(numbers: number[]): Last {
  const last = lastOf(numbers) as Last;
  return last.size === 1 ? { ...last, n: 1 } : last;
}

export function GroupBars({ data, view }: { data: SweepData; view: SweepView }) {
  const first = data.fields.parameters.find((name) => data.field(`params.${name}`).choices.length <= MOST);
  const id = view.bars ?? (first ? `params.${first}` : "");
  const { groups, others } = useMemo(() => groupsOf(data, id), [data.trials, data.target?.data, data.within, id]);
  const target = data.target;
  if (!target || !id) return null;
  const name = fieldLabel(target.data.id);
  const ends = groups.flatMap(({ last }) => [last.value - (last.deviation ?? 0), last.value + (last.deviation ?? 0)]);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  // Bars begin at nothing; where all means are close to each other, at a place before the least.
  const isClose = ends.length > 0 && Math.min(...ends) > 0 && Math.max(...ends) < 1.5 * Math.min(...ends);
  const from = isClose ? Math.min(...ends) - (Math.max(...ends) - Math.min(...ends)) * 0.25 : low;
  const share = (value: number) => (high > from ? (value - from) / (high - from) : 0.5);
  const best = bestOf(
    groups.map(({ last }) => last.value),
    target.way,
  );
  return (
    <section class="card sweep-part" aria-label={t("sweep.bars")}>
      <div class="sweep-head">
        <h3>{t("sweep.bars")}</h3>
      </div>
      <div class="sweep-choices">
        <FieldChoice
          label={t("sweep.bars.by")}
          value={id}
          fields={{ parameters: data.fields.parameters, metrics: [] }}
          choose={(bars) => setQuery({ bars })}
        />
      </div>
      <div class="scroll">
        {" "}
        <table class="plain sweep-table means" aria-label={t("sweep.bars.label", { name, by: fieldLabel(id) })}>
          <thead>
            <tr>
              <th scope="col">{fieldLabel(id)}</th>
              <th scope="col">{t("sweep.bars.mean", { name })}</th>
              <th scope="col" class="number">
                n
              </th>
            </tr>
          </thead>
          <tbody>
            {groups.map(({ label, last }, at) => (
              <tr key={label}>
                <th scope="row" class="clip" title={label}>
                  {label} {best.has(at) && <Star />}
                </th>
                <td>
                  <Bar
                    share={share(last.value)}
                    text={lastText({ ...last, size: last.n })}
                    {...(last.deviation === null
                      ? {}
                      : { lo: share(last.value - last.deviation), hi: share(last.value + last.deviation) })}
                  />
                </td>
                <td class="number soft">{last.n}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="soft small">
        {[
          isClose ? t("sweep.bars.cut") : "",
          others ? t("sweep.bars.others", { n: others }) : "",
          ...leftOut(data.field(id)),
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </section>
  );
}
