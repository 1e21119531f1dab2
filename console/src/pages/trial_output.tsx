/** The output of a trial: to be searched, followed while it grows, and gone through from error to error. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { fileAddress } from "../api/trials";
import type { TrialDetail } from "../api/types";
import { formatBytes } from "../model/format";
import {
  type Block,
  blocksOf,
  errorsIn,
  failureIn,
  isError,
  type Line,
  linesWith,
  marksOf,
  nextLine,
} from "../model/output";
import { Command, CopyButton, Empty, Failure, IconButton, Skeleton } from "../parts/basics";
import { Icon } from "../parts/icons";
import { isTyping } from "../parts/shortcuts";
import { notifyError } from "../parts/toasts";
import { route } from "../state/route";
import { t } from "../words";
import { OUTPUT, type OutputLines, useOutput } from "./output_source";

export function OutputTab({ trial }: { trial: TrialDetail }) {
  const size = trial.files[OUTPUT]?.offset ?? 0;
  const { output, error, retry } = useOutput(trial.id, size);
  if (!size) {
    return (
      <Empty title={t("trial.output.none")} next={t("trial.output.none.next")}>
        <Command text="AIMD_CAPTURE_OUTPUT=1 python train.py" />
      </Empty>
    );
  }
  if (error && !output) return <Failure error={error} retry={retry} />;
  if (!output) return <Skeleton lines={10} />;
  return <Output trial={trial} output={output} size={size} />;
}

/** The next error by a key, the one before with Shift. */
function useErrorKeys(goOn: (back: boolean) => void): void {
  const latest = useRef(goOn);
  latest.current = goOn;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === "n" && !isTyping(event)) latest.current(event.shiftKey);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}

function Output({ trial, output, size }: { trial: TrialDetail; output: OutputLines; size: number }) {
  const { lines, start, left } = output;
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(true);
  const [fold, setFold] = useState(true);
  const [sought, setSought] = useState("");
  /** The line one went to last; another one each time, so that going to the same line again brings it into sight. */
  const [goal, setGoal] = useState<{ number: number } | null>(null);
  const current = goal?.number ?? null;
  const hits = useMemo(() => linesWith(lines, sought), [lines, sought]);
  const errors = useMemo(() => errorsIn(lines), [lines]);
  // An address may ask for the error that ended the trial, also when the output is here already.
  const asked = route.value;
  useEffect(() => {
    const failure = asked.query.get("at") === "error" ? failureIn(lines) : null;
    if (!failure) return;
    setFollow(false);
    setGoal({ number: failure.number });
  }, [asked]);
  const goAmong = (among: Line[], back = false) => {
    const line = nextLine(among, current, back);
    if (!line) return;
    setFollow(false);
    setGoal({ number: line.number });
  };
  useErrorKeys((back) => goAmong(errors, back));
  const goTo = (number: number) => {
    setFollow(false);
    setGoal({ number });
  };
  const followEnd = (on: boolean) => {
    setFollow(on);
    if (on) output.toEnd();
  };
  const isPart = start > 0 || left > 0;
  return (
    <section class="card output">
      <div class="row wrap">
        <Search
          sought={sought}
          setSought={setSought}
          hits={hits}
          current={current}
          go={(back) => goAmong(hits, back)}
        />
        <LineField find={output.goTo} go={goTo} />
        <button
          type="button"
          disabled={!errors.length}
          aria-keyshortcuts="n"
          title={errors.length ? t("trial.output.errors.keys") : undefined}
          onClick={() => goAmong(errors)}
        >
          {errors.length ? t("trial.output.errors", { n: errors.length }) : t("trial.output.errors.none")}
        </button>
        <Place among={errors} current={current} />
        <Check label={t("trial.output.fold")} value={fold} set={setFold} />
        <Check label={t("trial.output.wrap")} value={wrap} set={setWrap} />
        <Check label={t("trial.output.follow")} value={follow} set={followEnd} />
        <span class="row output-end">
          <span class="soft">{formatBytes(size)}</span>
          <CopyButton text={() => lines.map(({ text }) => `${text}\n`).join("")} label={t("trial.output.copy")} />
          <a
            class="button"
            href={fileAddress(trial.id, OUTPUT)}
            download
            aria-label={t("common.download")}
            title={t("common.download")}
          >
            <Icon name="download" />
          </a>
        </span>
      </div>
      {sought && isPart && <p class="soft small">{t("trial.output.search.part")}</p>}
      <Terminal output={output} look={{ wrap, fold, follow, sought, goal }} setFollow={setFollow} />
    </section>
  );
}

function Check({ label, value, set }: { label: string; value: boolean; set: (value: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={value} onChange={() => set(!value)} />
      {label}
    </label>
  );
}

/** Which of some lines one is at, which is read out when it changes. */
function Place({ among, current }: { among: Line[]; current: number | null }) {
  const at = among.findIndex((line) => line.number === current) + 1;
  return (
    <span class="soft" role="status">
      {at > 0 && t("trial.output.hits", { at, n: among.length })}
    </span>
  );
}

/** Where one says which line of the whole output to go to. */
function LineField({ find, go }: { find: OutputLines["goTo"]; go: (number: number) => void }) {
  const [isCounting, setCounting] = useState(false);
  const onKeyDown = (event: KeyboardEvent) => {
    const line = Math.trunc(Number((event.currentTarget as HTMLInputElement).value));
    if (event.key !== "Enter" || !(line > 0) || isCounting) return;
    setCounting(true);
    find(line)
      .then(go, notifyError)
      .finally(() => setCounting(false));
  };
  return (
    <>
      <input
        class="output-goto"
        inputMode="numeric"
        maxLength={15}
        placeholder={t("trial.output.line")}
        aria-label={t("trial.output.line")}
        aria-busy={isCounting}
        onKeyDown={onKeyDown}
      />
      {isCounting && (
        <span class="soft" role="status">
          {t("trial.output.counting")}
        </span>
      )}
    </>
  );
}

interface SearchProps {
  sought: string;
  setSought: (text: string) => void;
  hits: Line[];
  current: number | null;
  go: (back: boolean) => void;
}

function Search({ sought, setSought, hits, current, go }: SearchProps) {
  const at = hits.findIndex((line) => line.number === current) + 1;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") setSought("");
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey);
  };
  return (
    <span class="row output-search">
      <input
        type="search"
        data-query
        placeholder={t("trial.output.search")}
        aria-label={t("trial.output.search")}
        value={sought}
        onInput={(event) => setSought(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {sought && (
        <>
          <span class="soft" role="status">
            {hits.length ? t("trial.output.hits", { at: at || "–", n: hits.length }) : t("trial.output.hits.none")}
          </span>
          <IconButton icon="up" label={t("trial.output.previous")} onClick={() => go(true)} />
          <IconButton icon="down" label={t("trial.output.next")} onClick={() => go(false)} />
        </>
      )}
    </span>
  );
}

interface Look {
  wrap: boolean;
  fold: boolean;
  follow: boolean;
  sought: string;
  goal: { number: number } | null;
}

interface TerminalProps {
  output: OutputLines;
  look: Look;
  setFollow: (follow: boolean) => void;
}

function Terminal({ output, look, setFollow }: TerminalProps) {
  const { lines, start, left, before, earlier, later } = output;
  const box = useRef<HTMLDivElement>(null);
  /** How far the end is below what is in sight, while earlier lines come in above it. */
  const below = useRef<number | null>(null);
  const blocks = useMemo(
    () => (look.fold ? blocksOf(lines) : blocksOf(lines).map((block) => ({ ...block, isProgress: false }))),
    [lines, look.fold],
  );
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    if (below.current !== null) area.scrollTop = area.scrollHeight - below.current;
    else if (look.follow) area.scrollTop = area.scrollHeight;
    below.current = null;
  }, [blocks, look.follow]);
  useLayoutEffect(() => {
    box.current?.querySelector(".output-line.current")?.scrollIntoView({ block: "center" });
  }, [look.goal]);
  const onScroll = () => {
    const area = box.current;
    if (!area || left > 0) return; // what is here ends elsewhere
    const isAtEnd = area.scrollTop + area.clientHeight >= area.scrollHeight - 24;
    if (isAtEnd !== look.follow) setFollow(isAtEnd);
  };
  const onEarlier = () => {
    setFollow(false);
    earlier(() => {
      const area = box.current;
      below.current = area && area.scrollHeight - area.scrollTop;
    });
  };
  return (
    <div
      ref={box}
      style={{ "--digits": String((lines.at(-1)?.number ?? 0) + (before ?? 0)).length }}
      class={`terminal mono${look.wrap ? " wrap" : ""}${before === null ? "" : " numbered"}`}
      tabIndex={0}
      role="region"
      onScroll={onScroll}
      aria-label={t("trial.tab.output")}
    >
      {start > 0 && (
        <button type="button" class="quiet" onClick={onEarlier}>
          {t("trial.output.earlier")} ({formatBytes(start)})
        </button>
      )}
      {blocks.map((block) => (
        <BlockOfLines
          key={block.lines[0]?.number}
          block={block}
          before={before ?? 0}
          sought={look.sought}
          current={look.goal?.number ?? null}
        />
      ))}
      {left > 0 && (
        <button type="button" class="quiet" onClick={later}>
          {t("trial.output.later")} ({formatBytes(left)})
        </button>
      )}
    </div>
  );
}

interface BlockProps {
  block: Block;
  before: number;
  sought: string;
  current: number | null;
}

function BlockOfLines({ block, before, sought, current }: BlockProps) {
  const [open, setOpen] = useState(false);
  const { lines, isProgress } = block;
  const folded = isProgress && !open && !lines.some(({ number }) => number === current);
  return (
    <div class="output-block">
      {isProgress && (
        <button type="button" class="quiet output-fold" aria-expanded={!folded} onClick={() => setOpen(!open)}>
          {t(folded ? "trial.output.unfold" : "trial.output.refold", { n: lines.length - 1 })}
        </button>
      )}
      {(folded ? lines.slice(-1) : lines).map((line) => (
        <OutputLine key={line.number} line={line} before={before} sought={sought} isCurrent={line.number === current} />
      ))}
    </div>
  );
}

interface LineProps {
  line: Line;
  before: number;
  sought: string;
  isCurrent: boolean;
}

function OutputLine({ line, before, sought, isCurrent }: LineProps) {
  const parts = sought ? marksOf(line, sought) : line.pieces.map((piece) => ({ ...piece, isHit: false }));
  return (
    <div
      class={`output-line${isCurrent ? " current" : ""}${isError(line) ? " error" : ""}`}
      data-number={line.number + before}
      aria-current={isCurrent || undefined}
    >
      {parts.map((part, at) =>
        part.isHit ? (
          <mark key={at}>{part.text}</mark>
        ) : part.style ? (
          <span key={at} class={part.style}>
            {part.text}
          </span>
        ) : (
          part.text
        ),
      )}
      {"\n"}
    </div>
  );
}
