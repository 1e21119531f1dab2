/** Who is signed in. `undefined`: not known yet. */

import { signal } from "@preact/signals";
import { whenSignedOut } from "../api/client";
import { currentSession, isSignedIn, signIn, signOut } from "../api/session";
import type { Session } from "../api/types";
import type { Word } from "../words";
import { replace, route } from "./route";

export const session = signal<Session | null | undefined>(undefined);
export const startFailed = signal<unknown>(null);
/** Why one has to sign in, when there is a reason. */
export const reason = signal<Word | null>(null);
/** Whether this is a console over local trials, which has no keys. */
export const isLocal = signal(false);

/** Use the one-time token of the address, if there is one, and learn who is signed in. */
export async function startSession(): Promise<void> {
  startFailed.value = null;
  whenSignedOut(() => {
    if (session.value) reason.value = "login.ended";
    session.value = null;
  });
  const token = route.value.query.get("token");
  if (token) replace("#/");
  try {
    session.value = token ? await withToken(token) : await known();
  } catch (error) {
    startFailed.value = error;
  }
}

async function known(): Promise<Session | null> {
  const found = await currentSession();
  isLocal.value = found.kind === "local";
  return isSignedIn(found) ? found : null;
}

async function withToken(token: string): Promise<Session | null> {
  try {
    const made = await signIn({ token });
    isLocal.value = made.kind === "local";
    return made;
  } catch {
    const found = await known();
    if (!found) reason.value = "login.token";
    return found;
  }
}

/** What stands at the beginning of all paths. */
export function homeWord(): Word {
  return session.value?.kind === "link" ? "nav.shared" : session.value?.kind === "local" ? "nav.local" : "nav.home";
}

export async function enter(key: string): Promise<void> {
  session.value = await signIn({ key });
  reason.value = null;
  if (route.value.page === "login") replace("#/");
}

export async function leave(): Promise<void> {
  await signOut();
  session.value = null;
  reason.value = null;
  replace("#/");
}
