/** The baseline of the folder that the page is about, with its values; null while there is none. */

import { signal } from "@preact/signals";
import { type Baseline, clearBaseline, getBaseline, setBaseline } from "../api/baseline";
import { getTrials } from "../api/trials";
import type { Trial } from "../api/types";

export interface HeldBaseline {
  choice: Baseline;
  trial: Trial;
}

export const baseline = signal<HeldBaseline | null>(null);
let asked = "";

/** Ask for the baseline of a folder; that of another one is forgotten at once. */
export async function loadBaseline(folder: string): Promise<void> {
  if (asked !== folder) baseline.value = null;
  asked = folder;
  const held = await getBaseline(folder).then(withTrial, () => null); // a page without it is still a page
  if (asked === folder) baseline.value = held;
}

async function withTrial(choice: Baseline | null): Promise<HeldBaseline | null> {
  if (!choice) return null;
  const [trial] = (await getTrials([choice.trial])).trials;
  return trial ? { choice, trial } : null;
}

/** Choose a trial for a folder, or take the choice back where it was made. */
export async function chooseBaseline(folder: string, trial: string | null): Promise<void> {
  if (trial !== null) await setBaseline(folder, trial);
  else if (baseline.value) await clearBaseline(baseline.value.choice.folder.id);
  if (asked) await loadBaseline(asked);
}
