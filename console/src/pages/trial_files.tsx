/** All files of a trial, to be looked at and downloaded. */

import { fileAddress, keptAddress, listFiles } from "../api/trials";
import type { TrialDetail } from "../api/types";
import { Empty, Failure } from "../parts/basics";
import { FileRow, FileTable, filesWord } from "../parts/file_table";
import { usePages } from "../parts/pages";
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
              <FileRow key={name} file={{ name, bytes: file.offset, address: fileAddress(trial.id, name) }} />
            ))}
          </FileTable>
        </section>
      )}
    </>
  );
}

/** What was saved with the trial, as far as it was asked for. */
function KeptFiles({ id, digest, count, bytes }: { id: string; digest: string; count: number; bytes: number }) {
  const { first, rows, more } = usePages(
    `${id} ${digest}`,
    (cursor, signal) => listFiles(id, cursor, signal),
    (page) => page.files,
  );
  if (first.error && !first.data) return <Failure error={first.error} retry={first.reload} />;
  return (
    <section class="card" aria-label={t("trial.files.kept")}>
      <h2>{t("trial.files.kept")}</h2>
      <p class="soft">{filesWord(count, bytes)}</p>
      <FileTable>
        {rows.map((file) => (
          <FileRow key={file.path} file={{ name: file.path, bytes: file.size, address: keptAddress(id, file.path) }} />
        ))}
      </FileTable>
      {more && (
        <button type="button" class="button" onClick={more}>
          {t("trial.files.more")}
        </button>
      )}
    </section>
  );
}
