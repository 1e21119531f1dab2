/** Numbers, times and sizes as people read them. */

export const DASH = "–";
const UNTOLD_S = 1e15;
const LONG = 24;
const ENDING = 9;

export function formatNumber(value: unknown): string {
  if (value === null || value === undefined) return DASH;
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(3).replace(/\.?0+e/, "e");
  return String(Number(value.toPrecision(6)));
}

/** The numbers along an axis: short, but never two ticks with the same words. `null` is a tick without any. */
export function formatTicks(values: (number | null)[]): string[] {
  const shown = new Set(values.filter((value) => value !== null));
  for (let more = 0; ; more++) {
    const words = values.map((value) => (value === null ? "" : short(value, more)));
    if (more === 10 || new Set(words.filter(Boolean)).size >= shown.size) return words;
  }
}

function short(value: number, more: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return value.toExponential(1 + more).replace(/\.?0*e\+?/, "e");
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4 + more))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(4 + more))}k`;
  if (size !== 0 && size < 1e-3) return value.toExponential(1 + more).replace(/\.?0*e/, "e");
  return String(Number(value.toPrecision(5 + more)));
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let left = bytes;
  while (left >= 1024 && at < units.length - 1) {
    left /= 1024;
    at++;
  }
  return `${at === 0 || left >= 100 ? Math.round(left) : left.toFixed(1)} ${units[at]}`;
}

/** A duration in its two largest units, as `aimd_cli.text.duration` has it: tests/fixtures/durations.json is for both. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return DASH;
  if (seconds < 1) return seconds >= 0.001 ? `${Math.floor(seconds * 1000)}ms` : seconds > 0 ? "<1ms" : "0s";
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)}s`;
  if (seconds >= UNTOLD_S) return `${(seconds / 86400).toPrecision(3)}d`;
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h ${two(Math.floor(whole / 60) % 60)}m`;
  return `${Math.floor(whole / 86400)}d ${two(Math.floor(whole / 3600) % 24)}h`;
}

/** A long name as its beginning and its ending, of which the first is cut where there is no room: names differ at both. */
export function bothEnds(text: string): [string, string] {
  const letters = Array.from(text);
  const ending = letters.length > LONG ? ENDING : 0;
  return [letters.slice(0, letters.length - ending).join(""), letters.slice(letters.length - ending).join("")];
}

export function seconds(time: string | null | undefined): number | null {
  const moment = time ? Date.parse(time) : Number.NaN;
  return Number.isNaN(moment) ? null : moment / 1000;
}

export function durationOf(
  trial: { started: string | null; ended: string | null; state: string | null; last_write?: string | null },
  now: number,
): number | null {
  const start = seconds(trial.started);
  const end = seconds(trial.ended) ?? (trial.state === "Running" ? now : seconds(trial.last_write));
  return start === null || end === null ? null : end - start;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 7],
  ["week", 4.35],
  ["month", 12],
  ["year", Number.POSITIVE_INFINITY],
];

export function formatAgo(time: string | null, now: number, language: string): string {
  const moment = seconds(time);
  if (moment === null) return DASH;
  // The page looks at its clock now and then: what is a little ahead of it has just happened.
  let left = moment > now && moment < now + 60 ? 0 : moment - now;
  for (const [unit, size] of STEPS) {
    if (Math.abs(left) < size) {
      return new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "narrow" }).format(Math.round(left), unit);
    }
    left /= size;
  }
  return DASH;
}

export function formatTime(time: string | null, language: string): string {
  const moment = seconds(time);
  if (moment === null) return time || DASH;
  return new Date(moment * 1000).toLocaleString(language, { dateStyle: "medium", timeStyle: "medium" });
}

/** A parameter or fact in one line. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined || value === "") return DASH;
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : formatNumber(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
