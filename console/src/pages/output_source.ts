/** What a trial wrote to its output, as lines: the end first, earlier parts when asked for, new ones as they come. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { isAbort } from "../api/client";
import { linePosition, readFile } from "../api/trials";
import { type Line, outputLines } from "../model/output";
import { holdsLineAt, numberAt, type Part, partAt, textIn, withEarlier, withLater } from "../model/output_part";
import { notifyError } from "../parts/toasts";

export const OUTPUT = "stdout.log";
const PART = 256 * 1024;
const MOST = 4 << 20;

export interface OutputLines {
  lines: Line[];
  /** Where what is here begins in the output, in bytes. */
  start: number;
  /** How many bytes follow what is here, and come when they are asked for; 0 where it grows with the output. */
  left: number;
  /** What a line's number lacks to be its number in the whole output; null while that is not known. */
  before: number | null;
  /** Ask for what comes before; `arrives` is called right before it is there. */
  earlier: (arrives: () => void) => void;
  /** Ask for what comes behind. */
  later: () => void;
  /** Ask for the end, which grows. */
  toEnd: () => void;
  /** Ask for a line by its number in the whole output; gives its number here, or that of the last line. */
  goTo: (line: number) => Promise<number>;
}

interface Shown {
  part: Part;
  /** Where it began when its lines got their numbers. */
  anchor: number;
}

function shownAt(start: number, bytes: Uint8Array): Shown {
  return { part: partAt(start, bytes), anchor: start };
}

/** @returns The lines, null until they are here, with what went wrong and a way to ask again. */
export function useOutput(id: string, size: number): { output: OutputLines | null; error: unknown; retry: () => void } {
  const [shown, setShown] = useState<Shown | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  /** Whether what is here grows with the output; not where one went to a line far from its end. */
  const [grows, setGrows] = useState(true);
  const latest = useRef(shown);
  latest.current = shown;
  const part = shown?.part;
  // A turn asks again, and what has come asks for the rest.
  useEffect(() => {
    const end = latest.current?.part.end ?? Math.max(0, size - PART);
    if (!grows || !size || end >= size) return;
    const stop = new AbortController();
    readFile(id, OUTPUT, end, Math.min(size, end + MOST), stop.signal).then(
      ({ bytes }) =>
        setShown((old) => (old ? { ...old, part: withLater(old.part, end, bytes, MOST) } : shownAt(end, bytes))),
      (problem) => !isAbort(problem) && setError(problem),
    );
    return () => stop.abort();
  }, [id, size, turn, part?.end, grows]);
  const before = useLinesBefore(id, shown ? shown.anchor : null);
  const lines = useMemo(() => {
    const { text, first: number } = part ? textIn(part, !grows) : { text: "", first: 1 };
    return outputLines(text, number);
  }, [part, grows]);
  const earlier = (arrives: () => void) => {
    const now = latest.current?.part;
    if (!now) return;
    const from = Math.max(0, now.start - PART);
    readFile(id, OUTPUT, from, now.start).then(({ bytes }) => {
      if (latest.current?.part.start !== now.start) return;
      arrives();
      setShown((old) => (old?.part.start === now.start ? { ...old, part: withEarlier(old.part, bytes) } : old));
    }, notifyError);
  };
  const later = () => {
    const now = latest.current?.part;
    if (!now) return;
    const to = Math.min(size, now.end + PART);
    readFile(id, OUTPUT, now.end, to).then(({ bytes }) => {
      setShown((old) => old && { ...old, part: withLater(old.part, now.end, bytes, MOST) });
      if (to >= size) setGrows(true);
    }, notifyError);
  };
  const show = async (from: number, to: number) => {
    const { bytes } = await readFile(id, OUTPUT, from, to);
    const next = shownAt(from, bytes);
    setGrows(to >= size);
    setShown(next);
    return next.part;
  };
  const goTo = async (line: number) => {
    const { offset } = await linePosition(id, OUTPUT, { line });
    const now = latest.current?.part;
    const isHere = now && holdsLineAt(now, offset);
    const from = Math.max(0, Math.min(offset, size) - PART / 2);
    return numberAt(isHere ? now : await show(from, Math.min(size, from + PART)), offset);
  };
  return {
    output: shown && {
      lines,
      start: shown.part.start,
      left: grows ? 0 : Math.max(0, size - shown.part.end),
      before,
      earlier,
      later,
      toEnd: () => void (grows || show(Math.max(0, size - PART), size).catch(notifyError)),
      goTo,
    },
    error,
    retry: () => {
      setError(null);
      setTurn(turn + 1);
    },
  };
}

/** How many lines begin before a place of an output; null while that is not known. */
function useLinesBefore(id: string, place: number | null): number | null {
  const [counted, setCounted] = useState<{ place: number; lines: number } | null>(null);
  useEffect(() => {
    if (!place) return;
    const stop = new AbortController();
    linePosition(id, OUTPUT, { offset: place }, stop.signal).then(
      ({ lines }) => setCounted({ place, lines: lines + 1 }),
      () => {}, // lines without numbers can still be read
    );
    return () => stop.abort();
  }, [id, place]);
  if (place === 0) return 0;
  return counted?.place === place ? counted.lines : null;
}
