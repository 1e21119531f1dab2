/** Single records of media: what the browser shows of them. Nothing that somebody recorded runs in this page. */

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { readBytes } from "../api/contents";
import { mediaAddress, pageAddress } from "../api/media";
import type { MediaRecord } from "../api/types";
import { formatBytes, formatNumber, formatValue } from "../model/format";
import { frameOf } from "../model/framed";
import { arrangeRows, parseTable } from "../model/media";
import { textOf } from "../model/preview";
import { t } from "../words";
import { Failure, Skeleton } from "./basics";
import { Dialog, openDialog } from "./dialog";
import { Histogram } from "./histogram";
import { Icon } from "./icons";
import { useLoaded } from "./load";
import { Markdown } from "./markdown";
import { MediaFrame } from "./media_frame";

const TEXT_BYTES = 1 << 20;
const TABLE_BYTES = 64 << 20;
const ROWS = 200;
/** More would stop the browser, as would longer cells. */
const COLUMNS = 100;
const CELL_CHARS = 10_000;

interface ItemProps {
  trial: string;
  record: MediaRecord;
}

/** A record with its caption, in a gallery. */
export function MediaItem({ trial, record }: ItemProps) {
  return (
    <figure class={`media-item media-${record.kind.replace(/[^a-z0-9]/g, "")}`}>
      <Shown trial={trial} record={record} />
      {record.caption && <figcaption title={record.caption}>{record.caption}</figcaption>}
    </figure>
  );
}

function Shown({ trial, record }: ItemProps) {
  const { kind, type = "", digest } = record;
  if (record.histogram) return <Histogram histogram={record.histogram} label={labelOf(record)} />;
  if (record.text !== undefined) return <Text text={record.text} type={type} />;
  if (!digest) return <p class="soft">{t("media.nothing")}</p>;
  if (record.present === false) return <p class="soft">{t("media.absent")}</p>;
  const instead = <Damaged trial={trial} record={record} />;
  if (type.startsWith("image/"))
    return <Picture trial={trial} digest={digest} label={labelOf(record)} instead={instead} />;
  const address = mediaAddress(trial, digest);
  if (type.startsWith("audio/") || type.startsWith("video/"))
    return <Player address={address} isSound={type.startsWith("audio/")} label={labelOf(record)} instead={instead} />;
  if (kind === "html")
    return (
      <iframe
        class="media-frame"
        sandbox="allow-scripts"
        loading="lazy"
        src={pageAddress(trial, digest)}
        title={labelOf(record)}
      />
    );
  if (kind === "table") return <LoadedTable trial={trial} record={record} />;
  if (type.startsWith("text/")) return <LoadedText trial={trial} digest={digest} type={type} />;
  const page = frameOf(kind, type);
  return (
    <>
      {page && (
        <MediaFrame trial={trial} digest={digest} type={type} size={record.size} page={page} label={labelOf(record)} />
      )}
      {!page && record.preview && (
        <Picture trial={trial} digest={record.preview.digest} label={labelOf(record)} instead={null} />
      )}
      <Download trial={trial} record={record} />
    </>
  );
}

/** A link to the bytes, with what they say they are. */
function Download({ trial, record }: ItemProps) {
  const { digest = "", type = "", key, step, size } = record;
  return (
    <p class="row wrap">
      <a class="button" href={mediaAddress(trial, digest)} download={`${key.split("/").at(-1)}-${step}`}>
        <Icon name="download" />
        {t("common.download")} {size !== undefined && `(${formatBytes(size)})`}
      </a>
      <span class="soft">{type}</span>
    </p>
  );
}

/** What is said in place of bytes that the browser cannot show. */
function Damaged({ trial, record }: ItemProps) {
  return (
    <>
      <p class="soft" role="status">
        {t("media.frame.damaged")}
      </p>
      <Download trial={trial} record={record} />
    </>
  );
}

interface ShownProps {
  label: string;
  /** What is there if the browser cannot show it. */
  instead: ComponentChildren;
}

/** A sound or a video; a training records no captions for it. */
function Player({ address, isSound, label, instead }: ShownProps & { address: string; isSound: boolean }) {
  const [isBroken, setBroken] = useState(false);
  const Kind = isSound ? "audio" : "video";
  if (isBroken) return <>{instead}</>;
  return <Kind controls preload="metadata" src={address} aria-label={label} onError={() => setBroken(true)} />;
}

function labelOf({ caption, key, step, index }: MediaRecord): string {
  return caption ? `${caption} · ${key} · ${step}` : `${key} · ${step}${index ? ` · ${index + 1}` : ""}`;
}

function Picture({ trial, digest, label, instead }: ShownProps & { trial: string; digest: string }) {
  const [isBroken, setBroken] = useState(false);
  const address = mediaAddress(trial, digest);
  const enlarge = () =>
    openDialog(
      <Dialog title={label} wide>
        <img class="preview-picture" src={address} alt={label} />
      </Dialog>,
    );
  if (isBroken) return <>{instead}</>;
  return (
    <button type="button" class="media-picture" aria-label={t("chart.enlarge", { name: label })} onClick={enlarge}>
      <img src={address} alt={label} loading="lazy" decoding="async" onError={() => setBroken(true)} />
    </button>
  );
}

function Text({ text, type }: { text: string; type: string }) {
  if (type.startsWith("text/markdown")) return <Markdown text={text} />;
  return (
    <pre class="media-text mono" tabIndex={0}>
      {text}
    </pre>
  );
}

function LoadedText({ trial, digest, type }: { trial: string; digest: string; type: string }) {
  const loaded = useLoaded(`${trial} ${digest}`, (signal) =>
    readBytes(mediaAddress(trial, digest), TEXT_BYTES, signal),
  );
  if (loaded.error && !loaded.data) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Skeleton lines={2} />;
  const text = textOf(loaded.data, loaded.data.length === TEXT_BYTES);
  return text === null ? <p class="soft">{t("preview.none")}</p> : <Text text={text} type={type} />;
}

function LoadedTable({ trial, record }: ItemProps) {
  const digest = record.digest ?? "";
  const loaded = useLoaded(`${trial} ${digest}`, async (signal) =>
    parseTable(new TextDecoder().decode(await readBytes(mediaAddress(trial, digest), TABLE_BYTES, signal))),
  );
  if (loaded.error) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (loaded.data === undefined) return <Skeleton lines={4} />;
  if (loaded.data === null) return <p class="soft">{t("media.table.odd")}</p>;
  return <SortedTable table={loaded.data} label={labelOf(record)} />;
}

function shortened(text: string): string {
  return text.length > CELL_CHARS ? `${text.slice(0, CELL_CHARS)}…` : text;
}

function SortedTable({ table, label }: { table: NonNullable<ReturnType<typeof parseTable>>; label: string }) {
  const [sought, setSought] = useState("");
  const [by, setBy] = useState<number | null>(null);
  const [isDown, setDown] = useState(false);
  const [shown, setShown] = useState(ROWS);
  const rows = useMemo(() => arrangeRows(table, sought, by, isDown), [table, sought, by, isDown]);
  const sort = (column: number) => {
    if (by === column && isDown) setBy(null);
    setDown(by === column && !isDown);
    if (by !== column) setBy(column);
  };
  return (
    <div class="media-table">
      <div class="row">
        <input
          type="search"
          placeholder={t("media.table.filter")}
          aria-label={`${label}: ${t("media.table.filter")}`}
          value={sought}
          onInput={(event) => setSought(event.currentTarget.value)}
        />
        <span class="soft">{t("media.table.rows", { n: rows.length })}</span>
        {table.columns.length > COLUMNS && (
          <span class="soft">
            {t("media.table.columns", { n: COLUMNS, all: table.columns.length.toLocaleString("en-US") })}
          </span>
        )}
      </div>
      <div class="scroll preview" tabIndex={0} role="region" aria-label={label}>
        <table class="plain">
          <thead>
            <tr>
              {table.columns.slice(0, COLUMNS).map((column, at) => (
                <th key={at} scope="col" aria-sort={by === at ? (isDown ? "descending" : "ascending") : undefined}>
                  <button
                    type="button"
                    class="head-button"
                    aria-label={t("list.sort", { name: column })}
                    onClick={() => sort(at)}
                  >
                    {column}
                    {by === at && <Icon name={isDown ? "down" : "up"} size={12} />}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row, number) => (
              <tr key={number}>
                {table.columns.slice(0, COLUMNS).map((_, at) => (
                  <td
                    key={at}
                    class={typeof row[at] === "number" ? "number mono" : "mono"}
                    title={shortened(String(row[at] ?? ""))}
                  >
                    {typeof row[at] === "number" ? formatNumber(row[at]) : shortened(formatValue(row[at]))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown && (
        <button type="button" onClick={() => setShown(shown + ROWS)}>
          {t("media.table.more", { n: Math.min(ROWS, rows.length - shown) })}
        </button>
      )}
    </div>
  );
}
