/** Figures of plotly and objects in space, drawn in a frame of an origin of its own while it is near what is visible. */

import { useEffect, useRef, useState } from "preact/hooks";
import { readBytes } from "../api/contents";
import { mediaAddress } from "../api/media";
import { type Asked, type Look, MOST_BYTES, sayFacts, sayReason, type Told, toldBy } from "../model/framed";
import { dark } from "../state/settings";
import { language, t } from "../words";
import { Failure, IconButton, Skeleton } from "./basics";
import { Dialog, openDialog } from "./dialog";
import { useLoaded } from "./load";

/** A page that said nothing for so long after it was loaded does not work here. */
const SILENCE_MS = 5000;

interface FrameProps {
  trial: string;
  digest: string;
  type: string;
  size: number | undefined;
  page: "figure" | "object";
  label: string;
}

/** A drawing, what it shows as a sentence, and a way to see it large. Never blank: what fails is said. */
export function MediaFrame(props: FrameProps) {
  const box = useRef<HTMLDivElement>(null);
  const isNear = useNear(box);
  const enlarge = () =>
    openDialog(
      <Dialog title={props.label} wide>
        <Drawing {...props} />
      </Dialog>,
    );
  return (
    <div class="media-drawing" ref={box}>
      {isNear ? <Drawing {...props} enlarge={enlarge} /> : <div class="media-frame" />}
    </div>
  );
}

/** Whether a part of the page is near what is visible; drawings hold much memory, so those far away are dropped. */
function useNear(box: { current: HTMLElement | null }): boolean {
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    if (!box.current) return;
    const observer = new IntersectionObserver((entries) => setNear(entries.at(-1)?.isIntersecting ?? false), {
      rootMargin: "400px",
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return isNear;
}

function Drawing({ trial, digest, type, size, page, label, enlarge }: FrameProps & { enlarge?: () => void }) {
  const most = page === "figure" ? MOST_BYTES.figure : MOST_BYTES.object3d;
  const isTooLarge = (size ?? 0) > most;
  const loaded = useLoaded(`${trial} ${digest}`, async (signal) =>
    isTooLarge ? null : (await readBytes(mediaAddress(trial, digest), most, signal)).slice().buffer,
  );
  // The last drawing stays until the bytes of the next step are here.
  const latest = useRef<ArrayBuffer | null>(null);
  if (loaded.data) latest.current = loaded.data;
  const { frame, told, onLoad } = useFrame(latest.current, type, label);
  if (isTooLarge)
    return (
      <p class="soft" role="status">
        {sayReason("large", "", size)}
      </p>
    );
  if (loaded.error && !loaded.data) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!latest.current) return <Skeleton lines={4} />;
  const said = told?.what === "shown" ? sayFacts(told.facts) : "";
  return (
    <>
      <iframe
        ref={frame}
        class={enlarge ? "media-frame" : "media-frame large"}
        hidden={told?.what === "failed"}
        sandbox="allow-scripts"
        src={new URL(`frames/${page}.html`, document.baseURI).href}
        title={said ? `${label}: ${said}` : label}
        onLoad={onLoad}
      />
      <div class="row media-said">
        <p class="soft grow" role="status">
          {told?.what === "failed" ? sayReason(told.why, told.detail, size) : told ? said : t("common.loading")}
        </p>
        {enlarge && said && <IconButton icon="grow" label={t("chart.enlarge", { name: label })} onClick={enlarge} />}
      </div>
    </>
  );
}

/** Give a frame its bytes once it is ready, and the colours of the page; return what it says of them. */
function useFrame(bytes: ArrayBuffer | null, type: string, label: string) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [isReady, setReady] = useState(false);
  const [told, setTold] = useState<Exclude<Told, { what: "ready" }> | null>(null);
  const asked = useRef(0);
  const [isDark, tongue] = [dark.value, language.value];
  const tell = (message: Asked) => frame.current?.contentWindow?.postMessage(message, "*");
  useEffect(() => {
    const listen = ({ source, data }: MessageEvent) => {
      if (!frame.current || source !== frame.current.contentWindow) return;
      const message = toldBy(data);
      if (message?.what === "ready") setReady(true);
      else if (message && message.id === asked.current) setTold(message);
    };
    addEventListener("message", listen);
    return () => removeEventListener("message", listen);
  }, []);
  useEffect(() => {
    if (!isReady || !bytes) return;
    asked.current++;
    tell({ what: "show", id: asked.current, type, label, look: lookNow(), bytes });
  }, [isReady, bytes, type]);
  useEffect(() => {
    if (isReady) tell({ what: "look", look: lookNow() });
  }, [isDark, tongue]);
  const onLoad = () => {
    const fail = () => setTold((old) => old ?? { what: "failed", id: 0, why: "silent", detail: "" });
    if (!isReady) setTimeout(() => !ready.current && fail(), SILENCE_MS);
  };
  const ready = useRef(isReady);
  ready.current = isReady;
  return { frame, told, onLoad };
}

function lookNow(): Look {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    dark: dark.value,
    back: colour("card"),
    ink: colour("ink"),
    line: colour("line"),
    accent: colour("accent"),
    language: language.value,
  };
}
