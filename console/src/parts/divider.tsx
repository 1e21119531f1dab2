/** What is between a list and its charts: dragged, or moved by keys, it gives more room to one of them. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { keep, kept } from "../state/settings";
import { t } from "../words";

const NAME = "list-share";
/** The share of the list, in percent. */
const LEAST = 15;
const MOST = 75;
const STEP = 2;

function known(): number | null {
  const share = Number.parseFloat(kept(NAME) ?? "");
  return share >= LEAST && share <= MOST ? share : null;
}

/** It sets `--list` of what it is in; without a choice the style sheet decides. */
export function Divider() {
  const bar = useRef<HTMLDivElement>(null);
  const [share, setShare] = useState(known);
  useLayoutEffect(() => {
    const place = bar.current?.parentElement;
    if (share !== null) place?.style.setProperty("--list", `${share}%`);
    return () => place?.style.removeProperty("--list");
  }, [share]);
  const choose = (wanted: number | null) => {
    const next = wanted === null ? null : Math.round(Math.min(MOST, Math.max(LEAST, wanted)));
    keep(NAME, next === null ? "" : String(next));
    setShare(next);
  };
  const box = () => bar.current?.parentElement?.getBoundingClientRect() as DOMRect;
  const shown = () => {
    const own = bar.current?.getBoundingClientRect();
    return own ? (100 * (own.left - box().left)) / box().width : LEAST;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = {
      ArrowLeft: () => shown() - STEP,
      ArrowRight: () => shown() + STEP,
      Home: () => LEAST,
      End: () => MOST,
      Enter: () => null,
    }[event.key];
    if (!to) return;
    event.preventDefault();
    choose(to());
  };
  return (
    <div
      ref={bar}
      class="divider"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={t("workspace.divider")}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      aria-valuenow={share ?? undefined}
      title={t("workspace.divider.use")}
      onKeyDown={onKeyDown}
      onDblClick={() => choose(null)}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        choose((100 * (event.clientX - box().left)) / box().width);
      }}
    />
  );
}
