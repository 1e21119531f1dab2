/** Which parameters matter for the target: by rank correlation, and by a forest of trees that grows in slices of time. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { binsOf, type Importance as Forest, type ForestColumn, importanceOf, treesFor } from "../model/forest";
import { formatCorrelation } from "../model/format";
import { type Correlation, ranksOf, spearman } from "../model/ranks";
import { type FieldData, isUnique } from "../model/sweep";
import { t } from "../words";
import type { SweepData } from "./data";
import { fieldLabel } from "./fields";

/** Fewer trials than this tell nothing. */
const LEAST_TRIALS = 10;
const SLICE_MS = 12;
const SHOWN = 12;
/** A forest that explains less than this of trials it has not seen ranks by chance. */
const LITTLE = 0.1;

interface Study {
  /** The places of the trials that count. */
  rows: number[];
  y: Float64Array;
  fields: FieldData[];
  columns: ForestColumn[];
  /** Parameters that have another value in nearly every trial, such as a path: nothing can be learnt from them. */
  unique: string[];
}

function studyOf(data: SweepData): Study | null {
  const target = data.target?.data;
  if (!target) return null;
  const rows = [...data.within.keys()].filter((at) => data.within[at] && Number.isFinite(target.numbers[at]));
  const of = (numbers: Float64Array) => Float64Array.from(rows, (at) => numbers[at] as number);
  const study: Study = { rows, y: of(target.numbers), fields: [], columns: [], unique: [] };
  for (const name of data.fields.parameters) {
    const field = data.field(`params.${name}`);
    const numbers = of(field.numbers);
    const values = new Set(numbers);
    if (values.size < 2) continue;
    if (field.kind === "choice" && isUnique(values.size, rows.length)) {
      study.unique.push(name);
      continue;
    }
    study.fields.push({ ...field, numbers });
    study.columns.push(field.kind === "number" ? binsOf(numbers) : choiceBins(numbers));
  }
  return study;
}

/** One bin a choice, the first for none. */
function choiceBins(numbers: Float64Array): ForestColumn {
  const values = [...new Set(numbers)];
  const bins = Uint8Array.from(numbers, (value) => values.findIndex((one) => Object.is(one, value)));
  return { bins, count: values.length, isOrdered: false };
}

/** Grow the forest a few milliseconds at a time, so that the page stays quick. */
function useForest(study: Study | null): Forest | null {
  const [forest, setForest] = useState<Forest | null>(null);
  useEffect(() => {
    setForest(null);
    if (!study || study.rows.length < LEAST_TRIALS || !study.columns.length) return;
    const growing = importanceOf(study.columns, ranksOf(study.y));
    let timer: ReturnType<typeof setTimeout>;
    const grow = () => {
      const end = performance.now() + SLICE_MS;
      do {
        const step = growing.next();
        if (step.done) return setForest(step.value);
      } while (performance.now() < end);
      timer = setTimeout(grow);
    };
    timer = setTimeout(grow);
    return () => clearTimeout(timer);
  }, [study]);
  return forest;
}

interface Line {
  name: string;
  share: number | null;
  correlation: Correlation | null;
}

/** A correlation only where values have an order: numbers, or two choices. */
function correlationOf(field: FieldData, y: Float64Array): Correlation | null {
  return field.kind === "number" || field.choices.length === 2 ? spearman(field.numbers, y) : null;
}

export function Importance({ data }: { data: SweepData }) {
  const study = useMemo(() => studyOf(data), [data.trials, data.target?.data, data.within, data.fields]);
  const forest = useForest(study);
  const [isAll, setAll] = useState(false);
  const lines = useMemo(() => linesOf(study, forest), [study, forest]);
  const n = study?.rows.length ?? 0;
  const most = Math.max(...lines.map((line) => line.share ?? 0), 1e-9);
  const shown = isAll ? lines : lines.slice(0, SHOWN);
  return (
    <section class="card sweep-part" aria-label={t("sweep.importance")}>
      <div class="sweep-head">
        <h3>{t("sweep.importance")}</h3>
      </div>
      <p class="soft small">{saying(data, study, forest)}</p>
      {n >= LEAST_TRIALS && lines.length > 0 && (
        <div class="scroll">
          {" "}
          <table class="plain sweep-table" aria-label={t("sweep.importance")} aria-busy={!forest}>
            <thead>
              <tr>
                <th scope="col">{t("sweep.parameter")}</th>
                <th scope="col" title={t("sweep.trees.help")}>
                  {t("sweep.trees")}
                </th>
                <th scope="col" class="number" title={t("sweep.spearman.help")}>
                  Spearman
                </th>
                <th scope="col" class="number">
                  n
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((line) => (
                <tr key={line.name}>
                  <th scope="row" class="clip" title={line.name}>
                    {line.name}
                  </th>
                  <td>
                    <Bar share={(line.share ?? 0) / most} text={line.share === null ? "…" : line.share.toFixed(2)} />
                  </td>
                  <td class="number">{formatCorrelation(line.correlation?.rho ?? null)}</td>
                  <td class="number soft">{line.correlation?.n ?? n}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {lines.length > SHOWN && n >= LEAST_TRIALS && (
        <button type="button" class="quiet" onClick={() => setAll(!isAll)}>
          {t(isAll ? "list.folders.less" : "list.folders.all", { n: lines.length })}
        </button>
      )}
    </section>
  );
}

function linesOf(study: Study | null, forest: Forest | null): Line[] {
  if (!study) return [];
  const lines = study.fields.map((field, at): Line => {
    const correlation = correlationOf(field, study.y);
    return { name: fieldLabel(field.id), share: forest ? (forest.shares[at] ?? 0) : null, correlation };
  });
  const strength = (line: Line) => Math.abs(line.correlation?.rho ?? 0);
  return lines.sort((one, other) => (other.share ?? 0) - (one.share ?? 0) || strength(other) - strength(one));
}

function saying({ target, fields }: SweepData, study: Study | null, forest: Forest | null): string {
  if (!target || !study) return t("sweep.nothing");
  const n = study.rows.length;
  const left = [...study.unique];
  const unique = left.length
    ? ` ${t("sweep.importance.unique", { n: left.length, names: left.slice(0, 3).join(", ") })}`
    : "";
  if (!fields.parameters.length) return t("sweep.importance.same");
  if (n < LEAST_TRIALS) return t("sweep.importance.few", { n, least: LEAST_TRIALS });
  if (!forest) return `${t("sweep.importance.growing", { n, trees: treesFor(n) })}${unique}`;
  const share = Math.max(0, Math.round(forest.explained * 100));
  const word = forest.explained < LITTLE ? "sweep.importance.little" : "sweep.importance.told";
  return `${t(word, { n, name: fieldLabel(target.data.id), share })}${unique}`;
}

export function Bar({ share, text, lo, hi }: { share: number; text: string; lo?: number; hi?: number }) {
  return (
    <span class="bar-cell">
      <span class="bar-track" aria-hidden="true">
        <span class="bar-fill" style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }} />
        {lo !== undefined && hi !== undefined && (
          <span class="bar-spread" style={{ left: `${lo * 100}%`, width: `${Math.max(0, hi - lo) * 100}%` }} />
        )}
      </span>
      <span class="bar-text">{text}</span>
    </span>
  );
}
