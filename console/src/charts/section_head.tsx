/** The heading of a section of charts: it opens and closes it, moves it, and says how its metrics are shown. */

import { type ChartSection, PINNED, SYSTEM } from "../model/sections";
import { IconButton } from "../parts/basics";
import { useDrag } from "../parts/drag";
import { Icon } from "../parts/icons";
import { Menu } from "../parts/menu";
import { t } from "../words";
import { LOOKS, type SectionLook, setLook, setOrder } from "./arrangement";

interface HeadProps {
  section: ChartSection;
  /** How many charts it has without the filter. */
  all: number;
  isOpen: boolean;
  look: SectionLook;
  toggle: () => void;
  /** Move it up or down by a number of places, or in front of or behind another section. */
  move: (step: number) => void;
  drop: (name: string, isBehind: boolean) => void;
}

export function sectionTitle(name: string): string {
  return name === PINNED ? t("section.pinned") : name === SYSTEM ? t("chart.system") : name;
}

export function SectionHead({ section, all, isOpen, look, toggle, move, drop }: HeadProps) {
  const { name, charts, also } = section;
  const metrics = charts.reduce((sum, chart) => sum + chart.metrics.length, 0);
  const isFixed = name === PINNED;
  const dragging = useDrag(isFixed ? null : { kind: "section", name, along: "y", drop });
  const show = (next: SectionLook) => {
    setLook(name, next === look ? "charts" : next);
    if (!isOpen) toggle();
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.altKey && step && !isFixed) move(step);
    else if (event.key === "o" && !event.ctrlKey && !event.metaKey && !event.altKey && metrics > 1)
      show(LOOKS[(LOOKS.indexOf(look) + 1) % LOOKS.length] as SectionLook);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const items = [
    { label: t("section.up"), action: () => move(-1) },
    { label: t("section.down"), action: () => move(1) },
    { label: t("section.order.none"), action: () => setOrder([]) },
  ];
  return (
    <div
      class={`section-head${dragging.side ? ` drop-${dragging.side}` : ""}`}
      {...dragging.handle}
      {...dragging.target}
    >
      <h2>
        <button
          type="button"
          class="section-title"
          aria-expanded={isOpen}
          aria-keyshortcuts={isFixed ? "o" : "Alt+ArrowUp Alt+ArrowDown o"}
          title={isFixed ? undefined : t("section.keys")}
          onClick={toggle}
          onKeyDown={keys}
        >
          <Icon name="chevron" size={12} />
          <span class="clip">{sectionTitle(name)}</span>
          {also.length > 0 && <span class="soft">+ {also.join(", ")}</span>}
          <span class="soft section-count">
            {charts.length < all ? t("section.some", { n: charts.length, all }) : charts.length}
          </span>
        </button>
      </h2>
      {metrics > 1 && (
        <>
          <IconButton
            icon="overlay"
            label={t("section.overlay", { name: sectionTitle(name) })}
            pressed={look === "overlay"}
            onClick={() => show("overlay")}
          />
          <IconButton
            icon="heat"
            label={t("section.heat", { name: sectionTitle(name) })}
            pressed={look === "heat"}
            onClick={() => show("heat")}
          />
        </>
      )}
      {!isFixed && <Menu icon="more" label={t("section.more", { name: sectionTitle(name) })} items={items} />}
    </div>
  );
}
