/** What a filter is completed with: fields and values of a folder, asked for when they are needed. */

import { useEffect, useRef, useState } from "preact/hooks";
import { isAbort } from "../api/client";
import { trialColumns, trialValues } from "../api/trials";
import { type Known, shapeOf } from "../model/completion";
import type { Place } from "../model/query";

const FIRST = ["state", "tags"];
const WITHOUT_VALUES = ["moment", "duration", ""];

/**
 * Load fields and values while the filter is being typed.
 *
 * @param place Where the cursor is; null while nobody types.
 * @param help Whether the fields are looked at.
 */
export function useKnown(folderId: string, below: boolean, place: Place | null, help: boolean): Known | null {
  const [known, setKnown] = useState<Known | null>(null);
  const asked = useRef(new Set<string>());
  const isActive = place !== null || help;
  useEffect(() => {
    asked.current = new Set();
    if (!isActive) return;
    const stop = new AbortController();
    Promise.all([trialColumns(folderId, stop.signal), trialValues(folderId, below, FIRST, stop.signal)]).then(
      ([columns, { fields }]) =>
        setKnown((before) => ({
          ...columns,
          values: new Map([...(before?.values ?? []), ...fields.map((one) => [one.field, one] as const)]),
        })),
      () => {}, // without offers one can still type
    );
    return () => stop.abort();
  }, [folderId, below, isActive]);
  const field = place?.expected === "value" || place?.expected === "list" ? place.field : "";
  const isKnown = known !== null;
  useEffect(() => {
    if (!field || !known || asked.current.has(field) || known.values.has(field)) return;
    if (WITHOUT_VALUES.includes(shapeOf(field, known))) return;
    asked.current.add(field);
    const stop = new AbortController();
    trialValues(folderId, below, [field], stop.signal).then(
      ({ fields: [told] }) => {
        if (told) setKnown((old) => old && { ...old, values: new Map(old.values).set(field, told) });
      },
      (error) => {
        if (isAbort(error)) asked.current.delete(field);
      },
    );
    return () => stop.abort();
  }, [field, isKnown, folderId, below]);
  return known;
}
