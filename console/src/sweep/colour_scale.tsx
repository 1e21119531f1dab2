/** What the colours of a sweep's pictures mean. */

import { scaleOf } from "../model/scale";
import type { FieldData } from "../model/sweep";
import { shadesOf } from "./canvas";
import { fieldLabel, shownValue } from "./fields";

const KINDS = 12;

/** Some values of a field with their colours: each choice, or the ends and the middle. */
export function scaleStops(field: FieldData, isDark: boolean): { label: string; colour: string }[] {
  const scale = scaleOf(field, 4);
  const isChoice = field.kind === "choice";
  const values = isChoice ? field.choices.slice(0, KINDS).map((_, at) => at) : [0, 0.5, 1].map(scale.back);
  const colours = shadesOf({ ...field, numbers: Float64Array.from(values) }, scale, values.length, isDark);
  return values.map((value, at) => ({ label: shownValue(field, value), colour: colours[at] as string }));
}

export function ColourScale({ field, isDark }: { field: FieldData; isDark: boolean }) {
  return (
    <div class="colour-scale">
      <span class="soft">{fieldLabel(field.id)}</span>
      {scaleStops(field, isDark).map(({ label, colour }) => (
        <span key={label} class="clip">
          <svg class="swatch" width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
            <circle cx="5" cy="5" r="4" fill={colour} />
          </svg>
          {label}
        </span>
      ))}
    </div>
  );
}
