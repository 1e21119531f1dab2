/** API keys of who is signed in. */

import { ask, askJson } from "./client";
import type { Key, Scope } from "./types";

export async function listKeys(signal?: AbortSignal): Promise<Key[]> {
  return (await askJson<{ keys: Key[] }>("me/keys", { signal })).keys;
}

export function createKey(name: string, scope: Scope, expiresDays: number | null): Promise<Key> {
  const json = { name, scope, ...(expiresDays === null ? {} : { expires_days: expiresDays }) };
  return askJson<Key>("me/keys", { method: "POST", json });
}

export async function revokeKey(id: number): Promise<void> {
  await ask(`me/keys/${id}`, { method: "DELETE" });
}
