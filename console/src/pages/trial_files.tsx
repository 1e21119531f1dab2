/** All files of a trial, to be downloaded. They are never shown in the page: they are other people's. */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { fileAddress, keptAddress, listFiles } from "../api/trials";
import type { KeptFile, TrialDetail } from "../api/types";
import { formatBytes } from "../model/format";
import { Empty, Failure } from "../parts/basics";
import { Icon } from "../parts/icons";
import { useLoaded } from "../parts/load";
import { notifyError } from "../parts/toasts";
import { t } from "../words";

/** The name under which all kept files together are among the files of a trial. */
const KEPT = "files/";

export function FilesTab({ trial }: { trial: TrialDetail }) {
  const files = Object.entries(trial.files)
    .filter(([name]) => name !== KEPT)
    .sort(([one], [other]) => one.localeCompare(other));
  const kept = trial.files[KEPT];
  if (!files.length && !kept) return <Empty title={t("trial.files.none")} />;
  return (
    <>
      {kept && <KeptFiles id={trial.id} digest={kept.digest} count={kept.count ?? 0} bytes={kept.offset} />}
      {files.length > 0 && (
        <section class="card">
          <FileTable>
            {files.map(([name, file]) => (
              <FileRow key={name} name={name} bytes={file.offset} address={fileAddress(trial.id, name)} />
            ))}
          </FileTable>
        </section>
      )}
    </>
  );
}

/** What was saved with the trial, as far as it was asked for. */
function KeptFiles({ id, digest, count, bytes }: { id: string; digest: string; count: number; bytes: number }) {
  const first = useLoaded(`${id} ${digest}`, (signal) => listFiles(id, null, signal));
  const [more, setMore] = useState<KeptFile[]>([]);
  const [next, setNext] = useState<string | null>(null);
  useEffect(() => {
    setMore([]);
    setNext(first.data?.next ?? null);
  }, [first.data]);
  const load = () =>
    listFiles(id, next).then((page) => {
      setMore((old) => [...old, ...page.files]);
      setNext(page.next);
    }, notifyError);
  if (first.error && !first.data) return <Failure error={first.error} retry={first.reload} />;
  return (
    <section class="card" aria-label={t("trial.files.kept")}>
      <h2>{t("trial.files.kept")}</h2>
      <p class="soft">{t("trial.files.total", { n: count, size: formatBytes(bytes) })}</p>
      <FileTable>
        {[...(first.data?.files ?? []), ...more].map((file) => (
          <FileRow key={file.path} name={file.path} bytes={file.size} address={keptAddress(id, file.path)} />
        ))}
      </FileTable>
      {next && (
        <button type="button" class="button" onClick={load}>
          {t("trial.files.more")}
        </button>
      )}
    </section>
  );
}

function FileTable({ children }: { children: ComponentChildren }) {
  return (
    <table class="plain">
      <thead>
        <tr>
          <th scope="col">{t("common.name")}</th>
          <th scope="col" class="number">
            {t("trial.files.size")}
          </th>
          <th scope="col" />
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

function FileRow({ name, bytes, address }: { name: string; bytes: number; address: string }) {
  return (
    <tr>
      <th scope="row">
        <span class="row">
          <Icon name="file" />
          {name}
        </span>
      </th>
      <td class="number">{formatBytes(bytes)}</td>
      <td class="end">
        <a
          class="button"
          href={address}
          download={name.split("/").at(-1)}
          aria-label={`${t("common.download")} ${name}`}
        >
          <Icon name="download" />
          {t("common.download")}
        </a>
      </td>
    </tr>
  );
}
