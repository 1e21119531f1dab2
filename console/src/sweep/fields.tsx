/** Fields of a sweep: their names, how their values are written, and the choice of one. */

import { AGGREGATES, type Aggregate, metricColumn, parseColumn } from "../model/columns";
import { DASH, formatDuration, formatNumber, formatTime } from "../model/format";
import type { FieldData } from "../model/sweep";
import { columnLabel } from "../parts/trial_widths";
import { locale, t } from "../words";

export function fieldLabel(id: string): string {
  const column = parseColumn(id);
  return column ? columnLabel(column) : id;
}

/** A value of a field as people read it. */
export function shownValue(field: FieldData, value: number): string {
  if (!Number.isFinite(value)) return DASH;
  if (field.kind === "choice") return field.choices[value] ?? DASH;
  if (field.unit === "duration") return formatDuration(value);
  if (field.unit === "time") return formatTime(new Date(value * 1000).toISOString(), locale());
  return formatNumber(value);
}

/** The heads of fields in a table. */
export function FieldHeads({ fields }: { fields: FieldData[] }) {
  return (
    <>
      {fields.map(({ id, kind }) => (
        <th key={id} scope="col" class={kind === "number" ? "number" : ""}>
          {fieldLabel(id)}
        </th>
      ))}
    </>
  );
}

/** What the trial at a place has in these fields. */
export function FieldCells({ fields, at }: { fields: FieldData[]; at: number }) {
  return (
    <>
      {fields.map((field) => (
        <td key={field.id} class={field.kind === "number" ? "number" : ""}>
          {shownValue(field, field.numbers[at] as number)}
        </td>
      ))}
    </>
  );
}

/** What is left out of a field, in words: `3 of 60 have no val.acc`; empty if nothing is. */
export function leftOut(field: FieldData): string[] {
  const name = fieldLabel(field.id);
  const all = field.numbers.length;
  return [
    field.missing ? t("sweep.missing", { n: field.missing, all, name }) : "",
    field.odd ? t("sweep.odd", { n: field.odd, all, name }) : "",
    field.texts ? t("sweep.texts", { n: field.texts, all, name }) : "",
  ].filter(Boolean);
}

export interface FieldChoices {
  parameters: string[];
  metrics: string[];
}

interface ChoiceProps {
  label: string;
  value: string;
  fields: FieldChoices;
  choose: (id: string) => void;
  /** What else can be chosen: when a trial began, and how long it took. */
  withFacts?: boolean;
  /** The word for no field at all. */
  none?: string;
}

/** A field, and of a metric which of its values. */
export function FieldChoice({ label, value, fields, choose, withFacts, none }: ChoiceProps) {
  const column = parseColumn(value);
  const metric = column?.kind === "metric" ? column : null;
  const plain = metric ? metricColumn(metric.name) : value;
  return (
    <span class="field-choice">
      <label>
        <span>{label}</span>
        <select value={plain} onChange={(event) => choose(event.currentTarget.value)}>
          {none !== undefined && <option value="">{none}</option>}
          <Group label={t("list.columns.params")} ids={fields.parameters.map((name) => `params.${name}`)} />
          <Group label={t("list.columns.metrics")} ids={fields.metrics.map((name) => metricColumn(name))} />
          {withFacts && <Group label={t("list.columns.facts")} ids={["started", "duration"]} />}
        </select>
      </label>
      {metric && (
        <select
          aria-label={t("sweep.aggregate", { name: metric.name })}
          value={metric.aggregate}
          onChange={(event) => choose(metricColumn(metric.name, event.currentTarget.value as Aggregate))}
        >
          {AGGREGATES.map((one) => (
            <option key={one} value={one}>
              {t(`metric.${one}`)}
            </option>
          ))}
        </select>
      )}
    </span>
  );
}

function Group({ label, ids }: { label: string; ids: string[] }) {
  if (!ids.length) return null;
  return (
    <optgroup label={label}>
      {ids.map((id) => (
        <option key={id} value={id}>
          {fieldLabel(id)}
        </option>
      ))}
    </optgroup>
  );
}
