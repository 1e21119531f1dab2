/** One key of media: a slider over its steps, and what each trial recorded there, trials side by side. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { isAbort } from "../api/client";
import { mediaRecords, mediaSteps } from "../api/media";
import type { MediaPage, MediaRecord } from "../api/types";
import { frameOf } from "../model/framed";
import { stepAt, unionOf } from "../model/media";
import { t, type Word } from "../words";
import { BothEnds, Failure, IconButton, Names, Skeleton } from "./basics";
import { HistogramHeatMap } from "./histogram";
import { useLoaded } from "./load";
import { MediaItem } from "./media_items";

/** So many steps before and behind the one that is shown are asked for with it. */
const KINDS = ["image", "audio", "video", "figure", "text", "table", "histogram", "html", "object3d"];
const AROUND = 6;
const HEAT_STEPS = 1000;
const MOST_RECORDS = 10_000;
const MOST_SHOWN = 60;

export interface MediaTrial {
  id: string;
  name: string;
}

interface PanelProps {
  trials: MediaTrial[];
  name: string;
  kinds: string[];
  /** Changes when there may be more. */
  version: string;
}

/** What there is, in a word; a later version may record more kinds. */
function kindWord(kind: string): string {
  return KINDS.includes(kind) ? t(`media.kind.${kind}` as Word) : kind;
}

export function MediaPanel({ trials, name, kinds, version }: PanelProps) {
  const box = useRef<HTMLElement>(null);
  const isSeen = useSeen(box);
  return (
    <section class="card media-panel" ref={box} aria-label={name}>
      <div class="row">
        <h3 class="grow">
          <BothEnds text={name} />
        </h3>
        <span class="soft">{kinds.map(kindWord).join(", ")}</span>
      </div>
      {isSeen ? <Stepped trials={trials} name={name} kinds={kinds} version={version} /> : <Skeleton lines={3} />}
    </section>
  );
}

/** Whether a part of the page has been near what is visible. */
function useSeen(box: { current: HTMLElement | null }): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (!box.current || isSeen) return;
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true),
      { rootMargin: "300px" },
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [isSeen]);
  return isSeen;
}

function Stepped({ trials, name, kinds, version }: PanelProps) {
  const ids = trials.map(({ id }) => id).join();
  const loaded = useLoaded(`${ids} ${name} ${version}`, (signal) =>
    Promise.all(trials.map(({ id }) => mediaSteps(id, name, signal))),
  );
  const latest = useRef(loaded.data);
  if (loaded.data) latest.current = loaded.data;
  const steps = latest.current;
  const all = useMemo(() => unionOf(steps ?? []), [steps]);
  // Null: the last one, also when more come.
  const [chosen, setChosen] = useState<number | null>(null);
  if (loaded.error && !steps) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!steps) return <Skeleton lines={3} />;
  const last = all.at(-1);
  if (last === undefined) return <p class="soft">{t("common.none")}</p>;
  const step = chosen ?? last;
  const choose = (wanted: number) => setChosen(wanted === last ? null : wanted);
  return (
    <>
      {kinds.includes("histogram") && all.length > 1 && (
        <div class="media-columns">
          {trials.map((trial) => (
            <Heat key={trial.id} trial={trial} name={name} step={step} choose={choose} version={version} />
          ))}
        </div>
      )}
      <StepSlider steps={all} step={step} name={name} choose={choose} />
      <div class="media-columns">
        <Names names={trials.map((trial) => trial.name)}>
          {trials.map((trial, at) => (
            <Column
              key={trial.id}
              trial={trial}
              name={name}
              steps={steps[at] ?? []}
              step={step}
              isNamed={trials.length > 1}
              version={version}
            />
          ))}
        </Names>
      </div>
    </>
  );
}

interface SliderProps {
  steps: number[];
  step: number;
  name: string;
  choose: (step: number) => void;
}

function StepSlider({ steps, step, name, choose }: SliderProps) {
  const at = Math.max(0, steps.indexOf(stepAt(steps, step) ?? 0));
  const go = (index: number) => choose(steps[Math.min(steps.length - 1, Math.max(0, index))] as number);
  if (steps.length === 1) return <p class="soft">{t("metric.at", { n: step })}</p>;
  return (
    <div class="row media-slider">
      <IconButton icon="previous" label={t("media.previous", { name })} onClick={() => go(at - 1)} />
      <input
        type="range"
        min={0}
        max={steps.length - 1}
        value={at}
        aria-label={t("media.step", { name })}
        aria-valuetext={t("metric.at", { n: steps[at] ?? 0 })}
        onInput={(event) => go(Number(event.currentTarget.value))}
      />
      <IconButton icon="chevron" label={t("media.next", { name })} onClick={() => go(at + 1)} />
      <output>{t("media.at", { step: (steps[at] ?? 0).toLocaleString("en-US"), at: at + 1, n: steps.length })}</output>
    </div>
  );
}

interface ColumnProps {
  trial: MediaTrial;
  name: string;
  steps: number[];
  step: number;
  isNamed: boolean;
  version: string;
}

/** What a trial has at the step, or at the last one before it. */
function Column({ trial, name, steps, step, isNamed, version }: ColumnProps) {
  const own = stepAt(steps, step);
  const { records, error } = useRecords(trial.id, name, steps, own, version);
  const [shown, setShown] = useState(MOST_SHOWN);
  const groups = useMemo(() => [...new Set((records ?? []).map(({ group }) => group ?? ""))], [records]);
  return (
    <div class="media-column">
      {isNamed && (
        <p class="media-trial">
          <BothEnds text={trial.name} />
          {own !== undefined && own !== step && <span class="soft"> {t("metric.at", { n: own })}</span>}
        </p>
      )}
      {own === undefined && <p class="soft">{t("media.nothing")}</p>}
      {error ? <Failure error={error} /> : null}
      {own !== undefined && !records && !error && <Skeleton lines={2} />}
      {groups.map((group) => (
        <div key={group} class="media-group">
          {group && <h4>{group}</h4>}
          <div class="media-gallery">
            {(records ?? [])
              .filter((record) => (record.group ?? "") === group)
              .slice(0, shown)
              .map((record) => (
                <MediaItem key={keyOf(record)} trial={trial.id} record={record} />
              ))}
          </div>
        </div>
      ))}
      {(records?.length ?? 0) > shown && (
        <button type="button" onClick={() => setShown(shown + MOST_SHOWN)}>
          {t("media.more", { n: (records?.length ?? 0) - shown })}
        </button>
      )}
    </div>
  );
}

/** A frame stays from step to step, because its page and its view are worth keeping; everything else is made anew. */
function keyOf({ kind, type = "", digest, step, index }: MediaRecord): string {
  return `${frameOf(kind, type) ?? digest ?? step} ${index}`;
}

type Records = Map<number, MediaRecord[]>;

/** The records of a step, asked for together with those around it; what is shown stays until the next is here. */
function useRecords(trial: string, name: string, steps: number[], step: number | undefined, version: string) {
  const held = useRef<{ key: string; records: Records }>({ key: "", records: new Map() });
  const [turn, setTurn] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const before = useRef<MediaRecord[] | undefined>(undefined);
  // What a trial had at a step may have grown, arrived or been superseded: then it is asked for again.
  const key = `${trial} ${name} ${version}`;
  if (held.current.key !== key) held.current = { key, records: new Map() };
  const { records } = held.current;
  useEffect(() => {
    if (step === undefined || records.has(step)) return;
    const stop = new AbortController();
    const at = steps.indexOf(step);
    const [from, to] = [
      steps[Math.max(0, at - AROUND)] ?? step,
      steps[Math.min(steps.length - 1, at + AROUND)] ?? step,
    ];
    loadRecords(trial, name, from, to, step, stop.signal).then(
      (loaded) => {
        for (const [one, list] of loaded) records.set(one, list);
        setError(null);
        setTurn((old) => old + 1);
      },
      (problem) => !isAbort(problem) && setError(problem),
    );
    return () => stop.abort();
  }, [key, step]);
  const shown = step === undefined ? undefined : (records.get(step) ?? before.current);
  before.current = shown;
  return { records: shown, error, turn };
}

async function loadRecords(
  trial: string,
  name: string,
  from: number,
  to: number,
  step: number,
  signal: AbortSignal,
): Promise<Records> {
  const page = await mediaRecords(trial, name, from, to, null, signal);
  const isCut = page.next !== null;
  if (isCut && from !== to) return loadRecords(trial, name, step, step, step, signal);
  const records: Records = new Map();
  let { media, next } = page;
  while (true) {
    for (const record of media) records.set(record.step, [...(records.get(record.step) ?? []), record]);
    if (!next) return records;
    ({ media, next } = await mediaRecords(trial, name, from, to, next, signal));
  }
}

/** The records of a key from a step on, up to another one, from as many pages as there are. */
async function allRecords(trial: string, name: string, from: number, to: number, signal: AbortSignal) {
  const records: MediaRecord[] = [];
  let cursor: string | null = null;
  do {
    const page: MediaPage = await mediaRecords(trial, name, from, to, cursor, signal);
    records.push(...page.media);
    cursor = page.next;
  } while (cursor && records.length < MOST_RECORDS);
  return records;
}

interface HeatProps {
  trial: MediaTrial;
  name: string;
  step: number;
  choose: (step: number) => void;
  version: string;
}

function Heat({ trial, name, step, choose, version }: HeatProps) {
  const loaded = useLoaded(`${trial.id} ${name} heat ${version}`, async (signal) => {
    const steps = await mediaSteps(trial.id, name, signal);
    const records = await allRecords(trial.id, name, steps.at(-HEAT_STEPS) ?? steps[0] ?? 0, steps.at(-1) ?? 0, signal);
    return records.flatMap(({ step: at, index, histogram }) => (histogram && !index ? [{ step: at, histogram }] : []));
  });
  if (!loaded.data?.length) return null;
  const current = stepAt(
    loaded.data.map((one) => one.step),
    step,
  );
  return (
    <div class="media-column">
      <HistogramHeatMap histograms={loaded.data} current={current ?? step} label={name} choose={choose} />
    </div>
  );
}
