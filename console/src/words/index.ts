/**
 * Words in the language of whoever reads. Reading `t` in a component makes it follow the language.
 *
 * English is a part of the page; the words of another language are loaded by who reads it.
 */

import { signal } from "@preact/signals";
import { en, type Word } from "./en";

export type { Word } from "./en";
export type Language = "en" | "zh";
export const LANGUAGES: Record<Language, string> = { en: "English", zh: "中文" };
const catalogues = new Map<Language, Record<Word, string>>([["en", en]]);

export function preferred(languages: readonly string[]): Language {
  for (const language of languages) {
    const start = language.toLowerCase().split("-")[0];
    if (start === "en" || start === "zh") return start;
  }
  return "en";
}

export const language = signal<Language>("en");
let wanted: Language = "en";

/** Go over to a language as soon as its words are here; without them the page stays in the one that it has. */
export async function speak(chosen: Language): Promise<void> {
  wanted = chosen;
  if (chosen === "zh" && !catalogues.has(chosen)) catalogues.set(chosen, (await import("./zh")).zh);
  if (wanted === chosen) language.value = chosen;
}

/** The tag for dates and numbers. */
export function locale(): string {
  return language.value === "zh" ? "zh-CN" : "en-GB";
}

export function t(word: Word, values: Record<string, string | number> = {}): string {
  return (catalogues.get(language.value) ?? en)[word].replace(/\{(\w+)\}/g, (_, name: string) =>
    String(values[name] ?? ""),
  );
}

export function countWord(n: number, capped = false): string {
  const shown = n.toLocaleString("en-US");
  if (capped) return t("list.trials.capped", { n: shown });
  return t(n === 1 ? "list.trials.one" : "list.trials.other", { n: shown });
}
