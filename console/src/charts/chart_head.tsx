/** The head of a chart: its name, its place among others, its size, and what it is as a file. */

import { IconButton } from "../parts/basics";
import { Menu, type MenuItem } from "../parts/menu";
import { t } from "../words";
import { copyLink } from "./chart_address";
import type { Box, CardProps, ChartPlace } from "./chart_props";
import type { Curve } from "./curves";
import { saved } from "./files";
import { colours } from "./palette";
import type { Plot } from "./plot";

interface HeadProps {
  curves: Curve[];
  plot: Box<Plot>;
}

export function ChartHead(props: CardProps & HeadProps) {
  const { name, size, resize, link, isFixed, isPinned, pin, place, handle, curves, plot, card } = props;
  const look = () => colours(card.current as HTMLElement);
  const items = [
    { label: t("chart.link"), action: () => copyLink(link()) },
    { label: t("chart.png"), action: () => saved((part) => plot.current && part.savePng(plot.current, name, look())) },
    { label: t("chart.svg"), action: () => saved((part) => plot.current && part.saveSvg(plot.current, name, look())) },
    { label: t("chart.csv"), action: () => saved((part) => part.saveCsv(curves, name, props)) },
  ];
  const isSmall = size === "small";
  return (
    <div class={place ? "chart-head movable" : "chart-head"} {...handle}>
      <h3 class="clip" title={name}>
        {name}
      </h3>
      {place && <Menu icon="more" class="chart-more" label={t("chart.place", { name })} items={moves(place)} />}
      {pin && (
        <IconButton
          icon="pin"
          label={t(isPinned ? "chart.unpin" : "chart.pin", { name })}
          pressed={isPinned === true}
          onClick={pin}
        />
      )}
      {size !== "full" && !isFixed && (
        <IconButton
          icon={isSmall ? "grow" : "shrink"}
          label={t(isSmall ? "chart.enlarge" : "chart.shrink", { name })}
          onClick={() => resize(isSmall ? "large" : "small")}
        />
      )}
      <IconButton
        icon={size === "full" ? "close" : "full"}
        label={t(size === "full" ? "chart.full.end" : "chart.full", { name })}
        onClick={() => resize(size === "full" ? "small" : "full")}
      />
      <Menu icon="download" label={t("chart.download", { name })} items={items} />
    </div>
  );
}

function moves({ isFirst, isLast, step }: ChartPlace): MenuItem[] {
  return [
    ...(isFirst ? [] : [{ label: t("chart.place.earlier"), action: () => step(-1) }]),
    ...(isLast ? [] : [{ label: t("chart.place.later"), action: () => step(1) }]),
  ];
}
