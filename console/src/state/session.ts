/** Who is signed in. `undefined`: not known yet. */

import { effect, signal } from "@preact/signals";
import { ApiError, whenSignedOut } from "../api/client";
import { currentSession, isSignedIn, signIn, signOut } from "../api/session";
import type { Session } from "../api/types";
import { changed, formatRoute, type Route } from "../model/route";
import type { Word } from "../words";
import { replace, route } from "./route";
import { keep, kept } from "./settings";

export const session = signal<Session | null | undefined>(undefined);
export const startFailed = signal<unknown>(null);
/** Why one has to sign in, when there is a reason. */
export const reason = signal<Word | null>(null);
/** Whether this is a console over local trials, which has no keys. */
export const isLocal = signal(false);

/** The key of a public link that somebody who is signed in has opened: it is for them to choose. */
export const offeredLink = signal<string | null>(null);

/** The page of a public link: `#/s/<key>`. What is behind the # never leaves the browser in an address. */
const LINK_PAGE = "s";

export function linkAddress(key: string): string {
  return new URL(formatRoute(LINK_PAGE, key), location.href).href;
}

/** Whether an address says who one is, so that it is taken out of the address bar and used. */
export function hasProof({ page, id, query }: Route): boolean {
  return query.has("token") || (page === LINK_PAGE && id !== "");
}

const PERSON = "person";
/** Whose this tab is: what it has loaded and selected goes when somebody else signs in. */
let owner = "";

function nameOf(who: Session | null): string {
  return who ? `${who.kind}.${who.user}` : "";
}

/** Be somebody. Nothing of another person stays in this tab: it begins anew. */
function become(who: Session | null): void {
  const name = nameOf(who);
  if (owner && name && owner !== name) {
    forgetTab();
    location.reload();
    return;
  }
  owner = name || owner;
  session.value = who;
}

effect(() => {
  if (session.value !== undefined) keep(PERSON, nameOf(session.value));
});

// The cookie is that of all tabs, so who signs in or out in one of them does so in all.
addEventListener("storage", (event) => {
  if (event.key === `aimd.${PERSON}` && session.value !== undefined) void known().then(become, () => {});
});

// A page to which one comes back is shown by browsers as it was left, whoever has signed out since.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted || session.value === undefined) return;
  if (![null, nameOf(session.value)].includes(kept(PERSON))) session.value = undefined; // nothing until it is known
  void known().then(become, (error) => {
    startFailed.value = error;
  });
});

/** Use the one-time token or the link's key of the address, if there is one, and learn who is signed in. */
export async function startSession(): Promise<void> {
  startFailed.value = null;
  whenSignedOut(() => {
    if (session.value) reason.value = "login.ended";
    session.value = null;
  });
  const { page, id, query } = route.value;
  const token = query.get("token");
  const isProof = hasProof(route.value);
  if (isProof) replace(token && page !== LINK_PAGE ? changed(route.value, { token: null }) : "#/");
  try {
    become(token ? await withToken(token) : isProof && page === LINK_PAGE ? await withLink(id) : await known());
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

/** Sign in with a link's key; who is signed in as themselves stays so until they choose. */
async function withLink(key: string): Promise<Session | null> {
  const here = await known();
  if (here?.kind === "user") {
    offeredLink.value = key;
    return here;
  }
  try {
    return await signIn({ key });
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 422)) throw error;
    reason.value = "login.link";
    return here;
  }
}

/** What stands at the beginning of all paths. */
export function homeWord(): Word {
  return session.value?.kind === "link" ? "nav.shared" : session.value?.kind === "local" ? "nav.local" : "nav.home";
}

export async function enter(key: string): Promise<void> {
  const made = await signIn({ key });
  reason.value = null;
  if (route.value.page === "login") replace("#/");
  become(made);
}

/** What this tab keeps of the person who was here, such as drafts and what is selected. */
function forgetTab(): void {
  try {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith("aimd.")) sessionStorage.removeItem(name);
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}

export async function leave(): Promise<void> {
  await signOut();
  forgetTab();
  session.value = null;
  reason.value = null;
  replace("#/");
}
