/** Which way a metric is better: as somebody chose it in this view, else as its name tells. */

import { type Direction, directionOf } from "../model/direction";
import { joinNames, splitNames } from "../model/route";
import { route, setQuery } from "./route";

/** What an address says: `max:val.acc,min:train.gap`. */
function chosenWays(text: string | null): Map<string, Direction> {
  return new Map(
    splitNames(text).flatMap((one): [string, Direction][] => {
      const way = one.slice(0, 3);
      return (way === "min" || way === "max") && one[3] === ":" ? [[one.slice(4), way]] : [];
    }),
  );
}

export function wayOf(metric: string): Direction | null {
  return chosenWays(route.value.query.get("better")).get(metric) ?? directionOf(metric);
}

/** Choose the way of a metric; that of its name needs no choice. */
export function chooseWay(metric: string, way: Direction): void {
  const ways = chosenWays(route.value.query.get("better"));
  if (directionOf(metric) === way) ways.delete(metric);
  else ways.set(metric, way);
  setQuery({ better: joinNames([...ways].map(([name, one]) => `${one}:${name}`)) });
}
