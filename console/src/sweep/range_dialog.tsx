/** The range of an axis as one types it. */

import { useState } from "preact/hooks";
import type { Brush } from "../model/brushes";
import type { FieldData } from "../model/sweep";
import { FormDialog } from "../parts/dialog";
import { t } from "../words";
import type { AxisData } from "./axes";
import { fieldLabel } from "./fields";

/** An end of a range as it is typed: a number, or a time without an offset in UTC. */
function written(field: FieldData, value: number): string {
  if (field.unit === "time") return `${new Date(value * 1000).toISOString().slice(0, 19)}Z`;
  return String(Number(value.toPrecision(6)));
}

function readEnd(field: FieldData, text: string): number {
  if (!text.trim()) return Number.NaN;
  return field.unit === "time" ? Date.parse(text) / 1000 : Number(text);
}

interface RangeProps {
  axis: AxisData;
  brush: Brush | null;
  choose: (brush: Brush | null) => void;
}

/** A range as numbers that one types, or the choices by their names. */
export function RangeDialog({ axis, brush, choose }: RangeProps) {
  const { field } = axis;
  const name = fieldLabel(axis.id);
  const range = brush && "range" in brush ? brush.range : [axis.scale.back(0), axis.scale.back(1)];
  const [ends, setEnds] = useState(range.map((value) => written(field, value)));
  const [chosen, setChosen] = useState<string[]>(brush && "choices" in brush ? brush.choices : field.choices);
  const [from, to] = ends.map((text) => readEnd(field, text)) as [number, number];
  const isNumber = field.kind === "number";
  const isRight = isNumber ? from <= to : chosen.length > 0;
  const action = async () =>
    choose(isNumber ? { field: field.id, range: [from, to] } : { field: field.id, choices: chosen });
  return (
    <FormDialog title={t("sweep.range.of", { name })} submit={t("sweep.range.apply")} ready={isRight} action={action}>
      {isNumber ? (
        (["sweep.range.from", "sweep.range.to"] as const).map((word, at) => (
          <label key={word} class="field">
            <span>{t(word)}</span>
            <input
              inputMode={field.unit === "time" ? "text" : "decimal"}
              autoFocus={at === 0}
              value={ends[at]}
              onInput={(event) => setEnds(ends.map((end, other) => (other === at ? event.currentTarget.value : end)))}
            />
          </label>
        ))
      ) : (
        <div class="range-choices">
          {field.choices.map((choice) => (
            <label key={choice} class="check">
              <input
                type="checkbox"
                checked={chosen.includes(choice)}
                onChange={() =>
                  setChosen(chosen.includes(choice) ? chosen.filter((one) => one !== choice) : [...chosen, choice])
                }
              />
              {choice}
            </label>
          ))}
        </div>
      )}
    </FormDialog>
  );
}
