/** Numbers, times and sizes as people read them. */

export const DASH = "–";

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

export function formatDuration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return DASH;
  const whole = Math.max(0, Math.round(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days) return `${days}d ${hours}h`;
  if (hours) return `${hours}h ${String(minutes).padStart(2, "0")}m`;
  if (minutes) return `${minutes}m ${String(whole % 60).padStart(2, "0")}s`;
  return seconds < 10 && seconds > 0 ? `${seconds.toFixed(1)}s` : `${whole}s`;
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
