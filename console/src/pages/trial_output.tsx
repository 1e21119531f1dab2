/** What a trial wrote to its output: the end first, earlier parts when asked for, new ones as they come. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { isAbort } from "../api/client";
import { fileAddress, readFile } from "../api/trials";
import type { TrialDetail } from "../api/types";
import { parseAnsi } from "../model/ansi";
import { formatBytes } from "../model/format";
import { Command, Empty, Failure, Skeleton } from "../parts/basics";
import { Icon } from "../parts/icons";
import { notifyError } from "../parts/toasts";
import { t } from "../words";

const OUTPUT = "stdout.log";
const PART = 128 * 1024;
const MOST = 4 << 20;

interface Text {
  start: number;
  end: number;
  bytes: Uint8Array;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

export function OutputTab({ trial }: { trial: TrialDetail }) {
  const size = trial.files[OUTPUT]?.offset ?? 0;
  const { text, error, earlier, retry } = useOutput(trial.id, size);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(true);
  if (!size) {
    return (
      <Empty title={t("trial.output.none")} next={t("trial.output.none.next")}>
        <Command text="AIMD_CAPTURE_OUTPUT=1 python train.py" />
      </Empty>
    );
  }
  if (error && !text) return <Failure error={error} retry={retry} />;
  return (
    <section class="card output">
      <div class="row">
        <span class="soft grow">{formatBytes(size)}</span>
        <label class="check">
          <input type="checkbox" checked={wrap} onChange={() => setWrap(!wrap)} />
          {t("trial.output.wrap")}
        </label>
        <label class="check">
          <input type="checkbox" checked={follow} onChange={() => setFollow(!follow)} />
          {t("trial.output.follow")}
        </label>
        <a class="button" href={fileAddress(trial.id, OUTPUT)} download>
          <Icon name="download" />
          {t("common.download")}
        </a>
      </div>
      {text ? (
        <Terminal text={text} follow={follow} wrap={wrap} setFollow={setFollow} earlier={earlier} />
      ) : (
        <Skeleton lines={10} />
      )}
    </section>
  );
}

interface TerminalProps {
  text: Text;
  follow: boolean;
  wrap: boolean;
  setFollow: (follow: boolean) => void;
  earlier: () => Promise<void>;
}

function Terminal({ text, follow, wrap, setFollow, earlier }: TerminalProps) {
  const box = useRef<HTMLPreElement>(null);
  const pieces = useMemo(() => parseAnsi(new TextDecoder().decode(text.bytes)), [text]);
  useLayoutEffect(() => {
    const place = box.current;
    if (place && follow) place.scrollTop = place.scrollHeight;
  }, [pieces, follow]);
  const onScroll = () => {
    const place = box.current;
    if (!place) return;
    const atEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 24;
    if (atEnd !== follow) setFollow(atEnd);
  };
  return (
    <pre
      ref={box}
      class={`terminal${wrap ? " wrap" : ""}`}
      tabIndex={0}
      onScroll={onScroll}
      aria-label={t("trial.tab.output")}
    >
      {text.start > 0 && (
        <button type="button" class="quiet" onClick={() => void earlier()}>
          {t("trial.output.earlier")} ({formatBytes(text.start)})
        </button>
      )}
      {pieces.map((piece, at) =>
        piece.style ? (
          <span key={at} class={piece.style}>
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </pre>
  );
}

function useOutput(id: string, size: number) {
  const [text, setText] = useState<Text | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  const known = useRef(text);
  known.current = text;
  // A turn asks again.
  useEffect(() => {
    if (!size) return;
    const stop = new AbortController();
    const end = known.current?.end ?? Math.max(0, size - PART);
    if (end >= size) return;
    readFile(id, OUTPUT, end, Math.min(size, end + MOST), stop.signal).then(
      ({ bytes }) => setText((old) => append(old, end, bytes)),
      (problem) => !isAbort(problem) && setError(problem),
    );
    return () => stop.abort();
  }, [id, size, turn]);
  const earlier = async () => {
    const now = known.current;
    if (!now) return;
    const start = Math.max(0, now.start - PART);
    await readFile(id, OUTPUT, start, now.start).then(
      ({ bytes }) => setText((old) => old && { ...old, start, bytes: joined(bytes, old.bytes) }),
      notifyError,
    );
  };
  return { text, error, earlier, retry: () => setTurn(turn + 1) };
}

/** Put new bytes behind those that are here; the oldest go when there are too many. */
function append(old: Text | null, start: number, bytes: Uint8Array): Text {
  if (!old) return { start, end: start + bytes.length, bytes };
  if (old.end !== start) return old;
  const all = joined(old.bytes, bytes);
  const cut = Math.max(0, all.length - MOST);
  return { start: old.start + cut, end: start + bytes.length, bytes: all.subarray(cut) };
}
