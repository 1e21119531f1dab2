/**
 * Requests to the server this page came from.
 *
 * Promises: no request goes to another host, a refusal becomes one kind of error with the server's own words, and
 * reading is tried again when the server says it is busy.
 */

import { learnTime } from "../model/clock";
import { parseJson } from "../model/json";
import { language, t } from "../words";

/** The API lies beside the console, also below a proxy's path: .../web/ and .../server/. */
export function apiBase(page: string): string {
  return new URL("../server/apis/v2/", new URL(page)).href.replace(/[?#].*$/, "");
}

/** What some refusals say beside code and message. */
interface Facts {
  field?: string;
  position?: number;
  hint?: string;
  kind?: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | null;
  readonly position: number | null;
  readonly hint: string;
  readonly kind: string | null;

  constructor(status: number, code: string, message: string, facts: Facts = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.field = facts.field ?? null;
    this.position = facts.position ?? null;
    this.hint = facts.hint ?? "";
    this.kind = facts.kind ?? null;
  }
}

export interface Asking {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Record<string, string | number | undefined>;
  json?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const BUSY_WAITS_MS = [400, 1200];
let onSignedOut: () => void = () => {};

/** Say what happens when the server does not know us (any more). */
export function whenSignedOut(action: () => void): void {
  onSignedOut = action;
}

export function addressOf(path: string, query: Asking["query"] = {}): string {
  const address = new URL(path, apiBase(location.href));
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") address.searchParams.set(name, String(value));
  }
  return address.href;
}

async function send(path: string, asking: Asking): Promise<Response> {
  // What the server refuses, it says in the language of the page, which need not be that of the browser.
  const headers: Record<string, string> = { "Accept-Language": language.value, ...asking.headers };
  const wish: RequestInit = { method: asking.method ?? "GET", headers, credentials: "same-origin", redirect: "error" };
  if (asking.signal) wish.signal = asking.signal;
  if (asking.json !== undefined) {
    headers["Content-Type"] = "application/json";
    wish.body = JSON.stringify(asking.json);
  }
  try {
    const answer = await fetch(addressOf(path, asking.query), wish);
    learnTime(answer.headers);
    return answer;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "");
  }
}

async function refusal(answer: Response): Promise<ApiError> {
  try {
    const { error } = await answer.json();
    return new ApiError(answer.status, String(error.code), String(error.message), error);
  } catch {
    return new ApiError(answer.status, `status_${answer.status}`, t("error.status", { status: answer.status }));
  }
}

/** Send a request and return a good answer; anything else is thrown as an `ApiError`. */
export async function ask(path: string, asking: Asking = {}): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const answer = await send(path, asking);
    if (answer.ok) return answer;
    const wait = BUSY_WAITS_MS[attempt];
    if (answer.status === 503 && wait !== undefined && (asking.method ?? "GET") === "GET") {
      await new Promise((resume) => setTimeout(resume, wait));
      continue;
    }
    const error = await refusal(answer);
    if (error.status === 401 && path !== "session") onSignedOut();
    throw error;
  }
}

export async function askJson<T>(path: string, asking: Asking = {}): Promise<T> {
  return parseJson(await (await ask(path, asking)).text()) as T;
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Whether the server said that there is nothing there, or nothing that we may see, any more. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 403);
}
