/** Signing in and out; the browser keeps the session in a cookie that no script can read. */

import { ApiError, ask, askJson } from "./client";
import type { ServerInfo, Session } from "./types";

/** Nobody is signed in; `local` at a console over local trials, where there is no key to sign in with. */
export interface SignedOut {
  kind: "nobody" | "local";
}

export async function currentSession(): Promise<Session | SignedOut> {
  try {
    return await askJson<Session>("session");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return { kind: error.kind === "local" ? "local" : "nobody" };
    throw error;
  }
}

export function isSignedIn(found: Session | SignedOut): found is Session {
  return "user" in found;
}

export function signIn(proof: { key: string } | { token: string }): Promise<Session> {
  return askJson<Session>("session", { method: "POST", json: proof });
}

export async function signOut(): Promise<void> {
  await ask("session", { method: "DELETE" });
}

export function serverInfo(): Promise<ServerInfo> {
  return askJson<ServerInfo>("info");
}
