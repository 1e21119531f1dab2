/** Numbers, times and sizes as people read them. */

export const DASH = "–";
const UNTOLD_S = 1e15;
const LONG = 24;
const ENDING = 9;

const DIGITS = 5;
const WHOLE = 1e9;
const LEAST_PLAIN = 1e-4;
const SHOWN_ID_CHARS = 8;

/** The part of an id that pages show, as in the terminal. */
export function shortId(id: string): string {
  return id.slice(0, SHOWN_ID_CHARS);
}

/**
 * A metric's value with five significant digits, a whole number in full: the one way to write it, in lists, legends,
 * groups and tooltips, and in the terminal (`aimd_cli.text.number`). tests/fixtures/numbers.json is for both.
 */
export function formatNumber(value: unknown): string {
  if (value === null || value === undefined) return DASH;
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < WHOLE) return String(value);
  const [digits = "", power = "0"] = rounded(value).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < DIGITS) return String(Number(`${digits}e${power}`));
  return withPower(digits.replace(/\.?0+$/, ""), exponent);
}

/** As `toExponential`, but halfway between two goes to the even one, as in Python. */
function rounded(value: number): string {
  const text = value.toExponential(DIGITS - 1);
  if (!/^-?\d(\.\d+)?5e/.test(value.toExponential(DIGITS))) return text;
  const exact = value.toExponential(60);
  const halfway = /^-?\d\.\d{4}50*e/.test(exact);
  const lower = `${exact.slice(0, exact.indexOf(".") + DIGITS)}${exact.slice(exact.indexOf("e"))}`;
  return halfway && /[02468]e/.test(lower) ? lower : text;
}

function withPower(digits: string, exponent: number): string {
  return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** A number of a parameter in full, with powers as in the terminal (Python's `str`): 1e-05, 0.0010001. */
export function exactNumber(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const [digits = "", power = "0"] = value.toExponential().split("e");
  return Number(power) < -4 ? withPower(digits, Number(power)) : String(value);
}

/** A mean and its deviation, both with the decimals that the deviation has with two digits: `0.731 ± 0.012`. */
export function formatSpread(mean: number, deviation: number | null): string {
  if (deviation === null) return formatNumber(mean);
  const two = Number(deviation.toPrecision(2));
  const decimals = two && Number.isFinite(two) ? 1 - Math.floor(Math.log10(two)) : -1;
  if (decimals >= 0 && decimals <= 8) return `${mean.toFixed(decimals)} ± ${deviation.toFixed(decimals)}`;
  return `${formatNumber(mean)} ± ${formatNumber(two)}`;
}

const FEW_DIGITS = 3;

/**
 * How far a value is from another, as the terminal writes it (Python's `+.3g`): tests/fixtures/directions.json is for both.
 * Empty where that is no number.
 */
export function formatDifference(value: number, base: number): string {
  const difference = value - base;
  if (!Number.isFinite(difference)) return "";
  const [digits = "", power = "0"] = Math.abs(difference)
    .toExponential(FEW_DIGITS - 1)
    .split("e");
  const exponent = Number(power);
  const isPlain = exponent >= -4 && exponent < FEW_DIGITS;
  const size = isPlain ? String(Number(`${digits}e${power}`)) : withPower(digits.replace(/\.?0+$/, ""), exponent);
  return `${difference < 0 ? "-" : "+"}${size}`;
}

/** A correlation with its sign, from -1.00 to +1.00; a dash where there is none. */
export function formatCorrelation(rho: number | null): string {
  if (rho === null) return DASH;
  const text = Math.abs(rho).toFixed(2);
  if (Number(text) === 0) return text;
  return `${rho > 0 ? "+" : "-"}${text}`;
}

/** A number of the API's JSON, where those that are not finite are words; null for what is none. */
export function numberOf(value: unknown): number | null {
  if (isNumber(value)) return Number(value);
  if (value === "NaN") return Number.NaN;
  return value === "Infinity" || value === "-Infinity" ? Number(value) : null;
}

/**
 * The numbers along an axis: thousands and millions short, others as `formatNumber` writes them, but never two ticks with
 * the same words. `null` is a tick without any.
 */
export function formatTicks(values: (number | null)[]): string[] {
  const shown = new Set(values.filter((value) => value !== null));
  for (let more = 0; ; more++) {
    const words = values.map((value) => (value === null ? "" : short(value, more)));
    if (more === 10 || new Set(words.filter(Boolean)).size >= shown.size) return words;
  }
}

function short(value: number, more: number): string {
  const size = Math.abs(value);
  if (size >= WHOLE || (size !== 0 && size < LEAST_PLAIN)) {
    const [digits = "", power = "0"] = value.toExponential(1 + more).split("e");
    return withPower(digits.replace(/\.?0+$/, ""), Number(power));
  }
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4 + more))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(4 + more))}k`;
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
  if (typeof value === "number") return exactNumber(value);
  return jsonOrText(value);
}

/** A value as text, what is no text or number as JSON; nested deeper than the browser can follow it is only said to be there. */
export function jsonOrText(value: unknown): string {
  if (typeof value !== "object") return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return "…";
  }
}

/** Whether a value is a number, also one that only a bigint holds exactly. */
export function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
