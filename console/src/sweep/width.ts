/** The width of a place, whatever changes it. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

export function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const place = box.current;
    if (!place) return;
    const look = () => setWidth(Math.floor(place.clientWidth));
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(place);
    return () => watcher.disconnect();
  }, []);
  return [box, width];
}
