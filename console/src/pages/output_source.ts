/** What a trial wrote to its output, as lines: the end first, earlier parts when asked for, new ones as they come. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { isAbort } from "../api/client";
import { readFile } from "../api/trials";
import { type Line, outputLines } from "../model/output";
import { newlinesIn, type Part, partAt, textIn, withEarlier, withLater } from "../model/output_part";
import { notifyError } from "../parts/toasts";

export const OUTPUT = "stdout.log";
const PART = 256 * 1024;
const MOST = 4 << 20;
/** Up to so many bytes before those that are shown, lines are counted, so that the ones shown have numbers. */
const COUNTED = 16 << 20;

export interface OutputLines {
  lines: Line[];
  /** Where what is here begins in the output, in bytes. */
  start: number;
  /** What a line's number lacks to be its number in the whole output; null while that is not known. */
  before: number | null;
  /** Ask for what comes before; `arrives` is called right before it is there. */
  earlier: (arrives: () => void) => void;
}

/** @returns The lines, null until they are here, with what went wrong and a way to ask again. */
export function useOutput(id: string, size: number): { output: OutputLines | null; error: unknown; retry: () => void } {
  const [part, setPart] = useState<Part | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  const first = useRef(0);
  const latest = useRef(part);
  latest.current = part;
  // A turn asks again, and what has come asks for the rest.
  useEffect(() => {
    const end = latest.current?.end ?? Math.max(0, size - PART);
    if (!size || end >= size) return;
    if (!latest.current) first.current = end;
    const stop = new AbortController();
    readFile(id, OUTPUT, end, Math.min(size, end + MOST), stop.signal).then(
      ({ bytes }) => setPart((old) => (old ? withLater(old, end, bytes, MOST) : partAt(end, bytes))),
      (problem) => !isAbort(problem) && setError(problem),
    );
    return () => stop.abort();
  }, [id, size, turn, part?.end]);
  const before = useLinesBefore(id, part ? first.current : null);
  const lines = useMemo(() => {
    const { text, first: number } = part ? textIn(part) : { text: "", first: 1 };
    return outputLines(text, number);
  }, [part]);
  const earlier = (arrives: () => void) => {
    const now = latest.current;
    if (!now) return;
    const from = Math.max(0, now.start - PART);
    readFile(id, OUTPUT, from, now.start).then(({ bytes }) => {
      if (latest.current?.start !== now.start) return;
      arrives();
      setPart((old) => (old?.start === now.start ? withEarlier(old, bytes) : old));
    }, notifyError);
  };
  return {
    output: part && { lines, start: part.start, before, earlier },
    error,
    retry: () => {
      setError(null);
      setTurn(turn + 1);
    },
  };
}

/** Count the lines before a place of an output, which are as many as make a line's number. */
function useLinesBefore(id: string, place: number | null): number | null {
  const [count, setCount] = useState<number | null>(null);
  useEffect(() => {
    if (place === null || place > COUNTED) return;
    const stop = new AbortController();
    const look = async () => {
      let lines = place > 0 ? 1 : 0;
      for (let at = 0; at < place; at += MOST) {
        const { bytes } = await readFile(id, OUTPUT, at, Math.min(place, at + MOST), stop.signal);
        lines += newlinesIn(bytes);
      }
      setCount(lines);
    };
    look().catch(() => {}); // lines without numbers can still be read
    return () => stop.abort();
  }, [id, place]);
  return count;
}
