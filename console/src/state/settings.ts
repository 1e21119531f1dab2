/** What a person chose for this browser: theme, language, navigation. Nothing secret is kept. */

import { effect, signal } from "@preact/signals";
import { LANGUAGES, type Language, language, preferred } from "../words";

export type Theme = "auto" | "light" | "dark";

function kept(name: string): string | null {
  try {
    return localStorage.getItem(`aimd.${name}`);
  } catch {
    return null;
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`aimd.${name}`, value);
  } catch {
    // A browser that keeps nothing still shows everything.
  }
}

const known = kept("theme");
export const theme = signal<Theme>(known === "light" || known === "dark" ? known : "auto");
export const sidebar = signal(kept("sidebar") !== "hidden");
/** Whether the page is dark now; charts draw with other colours then. */
export const dark = signal(false);
export const now = signal(Date.now() / 1000);

const system = matchMedia("(prefers-color-scheme: dark)");
const look = () => {
  dark.value = theme.value === "dark" || (theme.value === "auto" && system.matches);
};

export function startSettings(): void {
  const chosen = kept("language");
  language.value = chosen && chosen in LANGUAGES ? (chosen as Language) : preferred(navigator.languages);
  system.addEventListener("change", look);
  effect(() => {
    keep("theme", theme.value);
    look();
    document.documentElement.dataset.theme = theme.value;
  });
  effect(() => keep("sidebar", sidebar.value ? "shown" : "hidden"));
  effect(() => {
    document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
  });
  setInterval(() => {
    now.value = Date.now() / 1000;
  }, 30_000);
}

export function chooseLanguage(wanted: Language): void {
  language.value = wanted;
  keep("language", wanted);
}
