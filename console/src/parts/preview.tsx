/** The beginning of a file, shown as text, table or picture; it is other people's, so nothing of it runs. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { readBytes } from "../api/contents";
import { formatBytes } from "../model/format";
import { bytesToShow, PREVIEW_BYTES, previewOf } from "../model/preview";
import { t } from "../words";
import { CopyButton, Failure, Skeleton } from "./basics";
import { Dialog, openDialog } from "./dialog";
import { Icon } from "./icons";
import { useLoaded } from "./load";

export interface PreviewedFile {
  name: string;
  address: string;
  bytes: number;
}

export function openPreview(file: PreviewedFile): void {
  openDialog(<PreviewDialog file={file} />);
}

/** Read as much as is shown: the beginning of a text, all of a picture or a notebook. */
async function load(file: PreviewedFile, signal: AbortSignal): Promise<Uint8Array> {
  const first = await readBytes(file.address, Math.min(PREVIEW_BYTES, file.bytes), signal);
  const wanted = bytesToShow(file.name, first, file.bytes);
  return wanted > first.length ? readBytes(file.address, wanted, signal) : first;
}

function PreviewDialog({ file }: { file: PreviewedFile }) {
  const loaded = useLoaded(file.address, (signal) => load(file, signal));
  return (
    <Dialog title={file.name.split("/").at(-1) ?? file.name} wide>
      <div class="row">
        <span class="soft grow mono">{file.name}</span>
        <span class="soft">{formatBytes(file.bytes)}</span>
        <a class="button" href={file.address} download={file.name.split("/").at(-1)}>
          <Icon name="download" />
          {t("common.download")}
        </a>
      </div>
      {loaded.loading && file.bytes > 0 && <Skeleton lines={6} />}
      {loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : null}
      {loaded.data && <Shown file={file} bytes={loaded.data} />}
    </Dialog>
  );
}

function Shown({ file, bytes }: { file: PreviewedFile; bytes: Uint8Array }) {
  const preview = useMemo(() => previewOf(file.name, bytes, file.bytes), [file, bytes]);
  if (preview.kind === "image" && bytes.length >= file.bytes)
    return <Picture bytes={bytes} type={preview.type} name={file.name} />;
  if (preview.kind === "empty") return <p class="soft">{t("preview.empty")}</p>;
  if (preview.kind === "image" || preview.kind === "none") return <p class="soft">{t("preview.none")}</p>;
  return (
    <>
      {preview.isCut && <p class="soft">{t("preview.cut")}</p>}
      {preview.kind === "table" ? (
        <TextTable rows={preview.rows} label={file.name} />
      ) : (
        <div class="preview-text">
          <CopyButton text={preview.text} />
          <pre class="preview mono" tabIndex={0} aria-label={file.name}>
            {preview.text}
          </pre>
        </div>
      )}
    </>
  );
}

/** A picture of bytes, whose type was found in them. */
export function Picture({ bytes, type, name }: { bytes: Uint8Array; type: string; name: string }) {
  const [address, setAddress] = useState("");
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes as BlobPart], { type }));
    setAddress(made);
    setBroken(false);
    return () => URL.revokeObjectURL(made);
  }, [bytes, type]);
  if (isBroken) return <p class="soft">{t("preview.broken")}</p>;
  return address ? <img class="preview-picture" src={address} alt={name} onError={() => setBroken(true)} /> : null;
}

/** Rows of text, the first as heads. */
export function TextTable({ rows, label }: { rows: string[][]; label: string }) {
  const [heads = [], ...body] = rows;
  return (
    <div class="scroll preview" tabIndex={0} role="region" aria-label={label}>
      <table class="plain">
        <thead>
          <tr>
            {heads.map((head, at) => (
              <th key={at} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, number) => (
            <tr key={number}>
              {row.map((cell, at) => (
                <td key={at} class="mono">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
