/** Whether an element is in sight or near it; one observer for all, since a page may have hundreds. */

import { useEffect, useState } from "preact/hooks";

const NEAR = "400px";
const listeners = new WeakMap<Element, (isNear: boolean) => void>();
let observer: IntersectionObserver | null = null;

function watcher(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) listeners.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: NEAR },
  );
  return observer;
}

export function useVisible(box: { current: HTMLElement | null }): boolean {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    listeners.set(element, setVisible);
    watcher().observe(element);
    return () => watcher().unobserve(element);
  }, []);
  return visible;
}
