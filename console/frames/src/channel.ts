/**
 * The frame's side of what the console and it say to each other: bytes come in, a sentence's facts go out.
 *
 * The frame has an origin of its own and no network, so a drawing gets at nothing, whatever is in it.
 */

import type { Asked, Facts, Look, Reason } from "../../src/model/framed";

/** Why something cannot be drawn. */
export class Undrawable extends Error {
  constructor(
    readonly why: Reason,
    readonly detail = "",
  ) {
    super(why);
  }
}

export interface Drawing {
  /** Draw bytes; what was drawn before stays as it is if that fails. */
  show(bytes: ArrayBuffer, type: string, look: Look): Promise<Facts>;
  /** Draw the same again in other colours. */
  look(look: Look): Promise<void>;
}

/** Draw what the console asks for, one after the other; of several that wait only the last one is drawn. */
export function serve(element: HTMLElement, drawing: Drawing): void {
  let waiting: Asked[] = [];
  let isBusy = false;
  const work = async () => {
    if (isBusy) return;
    isBusy = true;
    for (let asked = waiting.shift(); asked; asked = waiting.shift()) await answer(element, drawing, asked);
    isBusy = false;
  };
  addEventListener("message", ({ source, data }: MessageEvent<Asked>) => {
    if (source !== parent) return;
    waiting = [...waiting.filter(({ what }) => what !== data.what), data];
    work();
  });
  // A link in a drawing leads nowhere: the page may not leave, so that its frame would show an error in its place.
  addEventListener("click", (event) => (event.target as Element).closest?.("a") && event.preventDefault(), true);
  addEventListener("error", () => tell({ what: "failed", id: 0, why: "damaged", detail: "" }));
  tell({ what: "ready" });
}

async function answer(element: HTMLElement, drawing: Drawing, asked: Asked): Promise<void> {
  dress(asked.look);
  if (asked.what === "look") return drawing.look(asked.look).catch(() => undefined);
  element.setAttribute("aria-label", asked.label);
  const { id } = asked;
  try {
    tell({ what: "shown", id, facts: await drawing.show(asked.bytes, asked.type, asked.look) });
  } catch (error) {
    const { why, detail } = error instanceof Undrawable ? error : new Undrawable("damaged");
    tell({ what: "failed", id, why, detail });
  }
}

function dress({ dark, back, ink, accent, language }: Look): void {
  const { style } = document.documentElement;
  style.colorScheme = dark ? "dark" : "light";
  for (const [name, colour] of Object.entries({ back, ink, accent })) style.setProperty(`--${name}`, colour);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

function tell(message: object): void {
  parent.postMessage(message, "*");
}
