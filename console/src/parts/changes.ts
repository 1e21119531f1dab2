/**
 * Changes of many things at once, and back again: deleting, moving, restoring.
 *
 * Promises: what was refused is told with its reason and stays as it was, a connection that breaks in the middle hides
 * nothing of what was done, and only what was done is undone.
 */

import { ApiError } from "../api/client";
import { changeFolder, deleteFolder, getFolder, restore } from "../api/folders";
import { type BulkChange, changeTrials, getTrials } from "../api/trials";
import { refreshFolders } from "../state/folders";
import { t, type Word } from "../words";
import { errorText } from "./basics";
import { notify, notifyUndo } from "./toasts";

export interface Thing {
  kind: "folder" | "trial";
  id: string;
  name: string;
  /** The folder that it is in, to which it goes back. */
  folder: string | null;
}

export interface Outcome {
  done: Thing[];
  refused: { thing: Thing; error: ApiError }[];
  /** When something is taken back: what somebody else has changed since, which stays as they want it. */
  left?: Thing[];
}

export type Told = (done: number, of: number) => void;

/** What is done to folders, one by one, and to trials, many in a request. */
interface Deed {
  folder: (thing: Thing) => Promise<unknown>;
  trials: BulkChange;
}

async function carryOut(things: Thing[], { folder, trials }: Deed, told: Told = () => {}): Promise<Outcome> {
  const outcome: Outcome = { done: [], refused: [] };
  for (const thing of things.filter(({ kind }) => kind === "folder")) {
    try {
      await folder(thing);
      outcome.done.push(thing);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      outcome.refused.push({ thing, error });
    }
  }
  const byId = new Map(things.filter(({ kind }) => kind === "trial").map((thing) => [thing.id, thing]));
  await changeTrials([...byId.keys()], trials, ({ done, refused }) => {
    outcome.done.push(...done.map((id) => byId.get(id) as Thing));
    for (const { id, error } of refused) outcome.refused.push({ thing: byId.get(id) as Thing, error });
    told(outcome.done.length + outcome.refused.length, things.length);
  });
  return outcome;
}

export function deleteThings(things: Thing[], told?: Told): Promise<Outcome> {
  return carryOut(things, { folder: ({ id }) => deleteFolder(id), trials: { action: "delete" } }, told);
}

export function restoreThings(things: Thing[], told?: Told): Promise<Outcome> {
  return carryOut(things, { folder: ({ id }) => restore("folder", id), trials: { action: "restore" } }, told);
}

export function moveThings(things: Thing[], target: string, told?: Told): Promise<Outcome> {
  const deed: Deed = {
    folder: ({ id }) => changeFolder(id, { parent: target }),
    trials: { action: "move", folder: { id: target } },
  };
  return carryOut(things, deed, told);
}

/** The folders that things are in now; without those that are in the trash or gone. */
async function placesOf(things: Thing[]): Promise<Map<string, string | null>> {
  const places = new Map<string, string | null>();
  const { trials } = await getTrials(things.filter(({ kind }) => kind === "trial").map(({ id }) => id));
  for (const { id, folder } of trials) places.set(id, folder.id);
  for (const { id } of things.filter(({ kind }) => kind === "folder")) {
    const found = await getFolder(id).catch(() => null);
    if (found) places.set(id, found.parent);
  }
  return places;
}

/** Bring things back from the trash; what somebody else has brought back is where they want it. */
export async function restoreBack(things: Thing[]): Promise<Outcome> {
  const { done, refused } = await restoreThings(things);
  const missing = refused.filter(({ error }) => error.status === 404).map(({ thing }) => thing);
  const there = missing.length ? await placesOf(missing) : new Map();
  const left = missing.filter(({ id }) => there.has(id));
  return { done, refused: refused.filter(({ thing }) => !left.includes(thing)), left };
}

/** Bring things back to the folders that they were in, from the one that they were moved to, unless they have gone on. */
export async function moveBack(things: Thing[], from: string): Promise<Outcome> {
  const [places, { id: source }] = await Promise.all([placesOf(things), getFolder(from)]);
  const hasGone = ({ id }: Thing) => places.has(id) && places.get(id) !== source;
  const whole: Outcome = { done: [], refused: [], left: things.filter(hasGone) };
  const still = things.filter((thing) => !hasGone(thing));
  for (const target of new Set(still.map(({ folder }) => folder))) {
    if (!target) continue;
    const some = still.filter(({ folder }) => folder === target);
    const { done, refused } = await moveThings(some, target);
    whole.done.push(...done);
    whole.refused.push(...refused);
  }
  return whole;
}

const NAMED = 3;

function named(names: string[]): string {
  return `${names.slice(0, NAMED).join(", ")}${names.length > NAMED ? ` … (${names.length})` : ""}`;
}

/** What became of things, in a sentence: "4,998 moved, 2 refused: ...". */
export function outcomeText(outcome: Outcome, word: Word): string {
  const left = outcome.left?.length ? t("done.left", { names: named(outcome.left.map(({ name }) => name)) }) : "";
  if (left && !outcome.done.length && !outcome.refused.length) return left;
  const told = doneText(outcome, word);
  return left ? `${told} · ${left}` : told;
}

function doneText({ done, refused }: Outcome, word: Word): string {
  const n = done.length.toLocaleString("en-US");
  const told = done.length === 1 && !refused.length ? t(word) : t("done.many", { what: t(word), n });
  if (!refused.length) return told;
  const reasons = new Map<string, string[]>();
  for (const { thing, error } of refused) {
    const reason = errorText(error);
    reasons.set(reason, [...(reasons.get(reason) ?? []), thing.name]);
  }
  const why = [...reasons].map(([reason, names]) => `${reason} (${named(names)})`);
  return t("done.some", { told, n: refused.length.toLocaleString("en-US"), why: why.join(" ") });
}

/** Tell what became of things, and offer to take back what was done. */
export function tell(outcome: Outcome, word: Word, undo: (things: Thing[]) => Promise<Outcome>): void {
  refreshFolders();
  const text = outcomeText(outcome, word);
  const isBad = outcome.refused.length > 0;
  if (!outcome.done.length) {
    notify(text, true);
    return;
  }
  const takeBack = async () => {
    const back = await undo(outcome.done);
    refreshFolders();
    notify(outcomeText(back, "done.undone"), back.refused.length > 0);
  };
  notifyUndo(text, takeBack, isBad);
}
