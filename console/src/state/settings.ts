/** What a person chose for this browser: theme, language, navigation. Nothing secret is kept. */

import { effect, signal } from "@preact/signals";
import { timeS } from "../model/clock";
import { LANGUAGES, type Language, language, preferred, speak } from "../words";

export type Theme = "auto" | "light" | "dark";

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`aimd.${name}`);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`aimd.${name}`, value);
  } catch {
    // A browser that keeps nothing still shows everything.
  }
}

const known = kept("theme");
export const theme = signal<Theme>(known === "light" || known === "dark" ? known : "auto");
/** The navigation lies over the page here, so it is shown on request only. */
const narrow = matchMedia("(max-width: 900px)");
const wanted = () => !narrow.matches && kept("sidebar") !== "hidden";
export const sidebar = signal(wanted());
/** Whether the page is dark now; charts draw with other colours then. */
export const dark = signal(false);
export const now = signal(timeS());
const NOW_S = 30;
/** The time to the second, for what runs. */
export const second = signal(timeS());

const system = matchMedia("(prefers-color-scheme: dark)");
const look = () => {
  dark.value = theme.value === "dark" || (theme.value === "auto" && system.matches);
};

/** Apply what was chosen, and go on doing so. The page can be shown once its words are here. */
export function startSettings(): Promise<void> {
  system.addEventListener("change", look);
  effect(() => {
    keep("theme", theme.value);
    look();
    document.documentElement.dataset.theme = theme.value;
  });
  effect(() => {
    const word = sidebar.value ? "shown" : "hidden";
    if (!narrow.matches) keep("sidebar", word);
  });
  narrow.addEventListener("change", () => {
    sidebar.value = wanted();
  });
  effect(() => {
    document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
  });
  setInterval(() => {
    const time = timeS();
    if (!document.hidden) second.value = time;
    if (Math.abs(time - now.value) >= NOW_S) now.value = time; // at once when the server's time becomes known
  }, 1000);
  const chosen = kept("language");
  return speak(chosen && chosen in LANGUAGES ? (chosen as Language) : preferred(navigator.languages));
}

/** Going somewhere closes a navigation that lies over the page. */
export function uncover(): void {
  if (narrow.matches) sidebar.value = false;
}

export async function chooseLanguage(wanted: Language): Promise<void> {
  await speak(wanted);
  keep("language", wanted);
}

/** The name of the view that was chosen last in a folder; empty for none. */
export function lastView(folder: string): string {
  return kept(`view.${folder}`) ?? "";
}

export function rememberView(folder: string, name: string): void {
  keep(`view.${folder}`, name);
}
