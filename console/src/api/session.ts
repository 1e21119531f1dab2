/** Signing in and out; the browser keeps the session in a cookie that no script can read. */

import { ApiError, ask, askJson } from "./client";
import type { ServerInfo, Session } from "./types";

export async function currentSession(): Promise<Session | null> {
  try {
    return await askJson<Session>("session");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
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
