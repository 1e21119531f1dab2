/** Small parts: state, buttons, empty places, errors, skeletons. */

import { type ComponentChildren, createContext } from "preact";
import { useContext, useMemo, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import type { State, Trial } from "../api/types";
import { reasonOf } from "../model/endings";
import { type NameFamily, nameFamily, partsIn } from "../model/name_parts";
import { t, type Word } from "../words";
import { Icon, type IconName } from "./icons";

const Family = createContext<NameFamily>(new Map());

/** What is in it has names that are told apart by where they differ, where there is no room for all of them. */
export function Names({ names, children }: { names: readonly string[]; children: ComponentChildren }) {
  const key = names.join("\n");
  const family = useMemo(() => nameFamily(names), [key]);
  return <Family.Provider value={family}>{children}</Family.Provider>;
}

/**
 * A name in one line; where there is no room, what the names of its list have in common gives way first.
 *
 * The name stays one piece of text, so that it is read out, found and copied without a gap; the style sheet draws what
 * follows its first part.
 */
export function BothEnds({ text }: { text: string }) {
  const [first, ...rest] = partsIn(useContext(Family), text);
  if (!first || !rest.length) return <>{text}</>;
  return (
    <span class="both">
      <span class={`part-${first.rank}`}>
        {first.text}
        <span class="undrawn">{text.slice(first.text.length)}</span>
      </span>
      {rest.map((part, at) => (
        <i key={at} class={`part-${part.rank}`} data-text={part.text} aria-hidden="true" />
      ))}
    </span>
  );
}

/** Signs as the command line has them: the sign says what the colour says. */
const SIGNS: Record<State, string> = {
  Initializing: "○",
  Running: "●",
  Succeeded: "✓",
  Failed: "✗",
  Killed: "†",
  Interrupted: "■",
  Lost: "?",
};

interface StateMarkProps {
  trial: Pick<Trial, "state" | "reason" | "reason_words">;
  /** Whether it is the only place that says why. */
  isAlone?: boolean;
}

export function StateMark({ trial, isAlone = true }: StateMarkProps) {
  const { state } = trial;
  const known = state && state in SIGNS ? state : null;
  return (
    <span class={`state state-${known ?? "Unknown"}`} title={(isAlone && reasonOf(trial)) || undefined}>
      <Sign state={known} />
      {known ? t(`state.${known}`) : state || t("state.Unknown")}
    </span>
  );
}

function Sign({ state }: { state: State | null }) {
  return (
    <span class="state-sign" aria-hidden="true">
      {state ? SIGNS[state] : "?"}
    </span>
  );
}

/** The sign of a state without its word, which is beside it. */
export function StateSign({ state }: { state: string }) {
  const known = state in SIGNS ? (state as State) : null;
  return (
    <span class={`state state-${known ?? "Unknown"}`}>
      <Sign state={known} />
    </span>
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick?: (event: MouseEvent) => void;
  pressed?: boolean;
  expanded?: boolean;
  class?: string;
  size?: number;
}

export function IconButton({ icon, label, onClick, pressed, expanded, class: extra = "", size = 16 }: IconButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${extra}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      onClick={onClick}
    >
      <Icon name={icon} size={size} />
    </button>
  );
}

interface CopyProps {
  /** What is copied; a function makes it when it is asked for. */
  text: string | (() => string);
  label?: string | undefined;
}

export function CopyButton({ text, label }: CopyProps) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(typeof text === "string" ? text : text()).catch(() => {});
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <button
      type="button"
      class="icon-button"
      title={label ?? t("common.copy")}
      aria-label={done ? t("common.copied") : (label ?? t("common.copy"))}
      onClick={copy}
    >
      <Icon name={done ? "check" : "copy"} />
    </button>
  );
}

export function Command({ text, label }: { text: string; label?: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <CopyButton text={text} label={label} />
    </div>
  );
}

export function Empty({ title, next, children }: { title: string; next?: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {next && <p>{next}</p>}
      {children}
    </div>
  );
}

export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const words: Record<string, Word> = {
    unreachable: "error.unreachable",
    forbidden: "error.forbidden",
    name_taken: "error.taken",
    busy: "error.busy",
    storage_full: "error.storage_full",
    storage_away: "error.storage_away",
  };
  const word = words[error.code] ?? (error.status === 404 ? "error.missing" : null);
  return word ? t(word) : error.message;
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const missing = error instanceof ApiError && error.status === 404;
  const next =
    error instanceof ApiError && error.code === "unreachable"
      ? t("error.unreachable.next")
      : missing
        ? t("error.missing.next")
        : "";
  return (
    <div class="empty" role="alert">
      <h2>{errorText(error)}</h2>
      {next && <p>{next}</p>}
      <p class="row">
        {retry && !missing && (
          <button type="button" class="primary" onClick={retry}>
            {t("error.retry")}
          </button>
        )}
        {missing && <a href="#/">{t("error.home")}</a>}
      </p>
    </div>
  );
}

/** Says above a page that what it shows could not be asked for again, and why. */
export function Stale({ error, retry }: { error: unknown; retry: () => void }) {
  if (!error) return null;
  return (
    <p class="row bad" role="status">
      {t("error.stale", { reason: errorText(error) })}
      <button type="button" class="quiet small" onClick={retry}>
        {t("error.retry")}
      </button>
    </p>
  );
}

export function Skeleton({ lines = 6 }: { lines?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={t("common.loading")}>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class={`skeleton-line skeleton-${line % 4}`} />
      ))}
    </div>
  );
}

export function Pills({ tags }: { tags: string[] }) {
  return (
    <>
      {tags.map((tag) => (
        <span key={tag} class="pill">
          {tag}
        </span>
      ))}
    </>
  );
}
