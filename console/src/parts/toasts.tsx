/**
 * Short notices at the edge, read out by screen readers; some can be undone.
 *
 * None goes while the pointer or the focus is on them, so that there is always time to take something back.
 */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../words";
import { errorText, IconButton } from "./basics";

type Undo = () => Promise<unknown>;

interface Notice {
  number: number;
  text: string;
  bad: boolean;
  undo: Undo | undefined;
  ms: number;
}

const PLAIN_MS = 3500;
const BAD_MS = 9000;
const UNDO_MS = 15_000;
const MOST = 4;

const notices = signal<Notice[]>([]);
const held = signal(false);
let last = 0;

function add(text: string, bad: boolean, ms: number, undo?: Undo): void {
  notices.value = [...notices.value.slice(1 - MOST), { number: ++last, text, bad, undo, ms }];
}

export function notify(text: string, bad = false): void {
  add(text, bad, bad ? BAD_MS : PLAIN_MS);
}

/** Tell of something that `undo` takes back. */
export function notifyUndo(text: string, undo: Undo, bad = false): void {
  add(text, bad, UNDO_MS, undo);
}

export function notifyError(error: unknown): void {
  notify(errorText(error), true);
}

function dismiss(number: number): void {
  notices.value = notices.value.filter((notice) => notice.number !== number);
  if (!notices.value.length) held.value = false;
}

function takeBack(notice: Notice): void {
  dismiss(notice.number);
  notice.undo?.().catch(notifyError);
}

/** Undo what was done last, of that which can still be undone. */
export function undoLast(): void {
  const notice = notices.value.findLast(({ undo }) => undo);
  if (notice) takeBack(notice);
}

export function Toasts() {
  const hold = () => {
    held.value = true;
  };
  const release = (event: MouseEvent | FocusEvent) => {
    const box = event.currentTarget as HTMLElement;
    const next = event.relatedTarget as Node | null;
    held.value = box.contains(next) || (event.type !== "focusout" && box.contains(document.activeElement));
  };
  return (
    <div
      class="toasts"
      role="status"
      aria-live="polite"
      aria-label={t("notices.label")}
      onMouseEnter={hold}
      onMouseLeave={release}
      onFocusIn={hold}
      onFocusOut={release}
    >
      {notices.value.map((notice) => (
        <Toast key={notice.number} notice={notice} isHeld={held.value} />
      ))}
    </div>
  );
}

function Toast({ notice, isHeld }: { notice: Notice; isHeld: boolean }) {
  const { number, ms } = notice;
  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(() => dismiss(number), ms);
    return () => clearTimeout(timer);
  }, [number, ms, isHeld]);
  return (
    <div class={notice.bad ? "toast bad" : "toast"}>
      <span class="grow">{notice.text}</span>
      {notice.undo && (
        <button type="button" class="quiet" aria-keyshortcuts="u" onClick={() => takeBack(notice)}>
          {t("common.undo")}
        </button>
      )}
      <IconButton icon="close" label={t("common.close")} onClick={() => dismiss(number)} />
    </div>
  );
}
