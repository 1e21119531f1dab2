/** Pages whose code is loaded when they are opened, or when the browser has nothing else to do. */

import { signal } from "@preact/signals";
import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../words";
import { Empty, Skeleton } from "./basics";

const IDLE_MS = 2000;
const parts: Part<never>[] = [];

/** Code that is loaded once, whoever asks first; `code` tells all who wait for it. */
export class Part<P> {
  readonly code = signal<ComponentType<P> | null>(null);
  private readonly fetchCode: () => Promise<ComponentType<P>>;

  constructor(fetchCode: () => Promise<ComponentType<P>>) {
    this.fetchCode = fetchCode;
  }

  async load(): Promise<void> {
    this.code.value ??= await this.fetchCode();
  }
}

/** @param isQuiet Whether nothing is shown until it is here, for what nobody waits for. */
export function later<P extends object>(
  fetchCode: () => Promise<ComponentType<P>>,
  isQuiet = false,
): (props: P) => VNode | null {
  const part = new Part(fetchCode);
  parts.push(part as Part<never>);
  return function Later(props: P) {
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      part.load().catch(() => setFailed(true));
    }, []);
    const Page = part.code.value;
    if (Page) return <Page {...props} />;
    if (isQuiet) return null;
    return failed ? <Gone /> : <Skeleton lines={10} />;
  };
}

/** The server may have another version by now, whose files have other names. */
function Gone() {
  return (
    <div role="alert">
      <Empty title={t("error.unreachable")} next={t("error.part.next")}>
        <button type="button" class="primary" onClick={() => location.reload()}>
          {t("error.part.reload")}
        </button>
      </Empty>
    </div>
  );
}

/** Do something once the page has nothing else to do; later, in a browser that cannot tell. */
function whenIdle(action: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(action);
  else setTimeout(action, IDLE_MS / 10);
}

/** Load what is not here yet, a part at a time while nothing else happens, so that the next page opens at once. */
export function loadRest(): () => void {
  const rest = [...parts];
  let isOver = false;
  const next = () => {
    const part = isOver ? undefined : rest.shift();
    part
      ?.load()
      .catch(() => {}) // it is tried again when it is opened
      .then(() => whenIdle(next));
  };
  const timer = setTimeout(() => whenIdle(next), IDLE_MS);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
