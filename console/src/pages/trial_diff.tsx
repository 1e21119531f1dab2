/** The uncommitted changes of a trial's code, in colour, with a list of the files they are in. */

import { useMemo } from "preact/hooks";
import { fileAddress, readFile } from "../api/trials";
import type { TrialDetail } from "../api/types";
import { type DiffFile, diffFiles, parseDiff } from "../model/diff";
import { CopyButton, Failure, Skeleton } from "../parts/basics";
import { Icon } from "../parts/icons";
import { useLoaded } from "../parts/load";
import { t } from "../words";

const DIFF = "git.diff";
const DIFF_BYTES = 1 << 20;

export function Diff({ trial }: { trial: TrialDetail }) {
  const size = trial.files[DIFF]?.offset ?? 0;
  const digest = trial.files[DIFF]?.digest ?? "";
  const diff = useLoaded(`${trial.id} ${digest}`, async (signal) => {
    if (!size) return "";
    const part = await readFile(trial.id, DIFF, 0, DIFF_BYTES, signal);
    return new TextDecoder().decode(part.bytes);
  });
  return (
    <section class="card">
      <div class="row">
        <h2 class="grow">{t("trial.diff")}</h2>
        {diff.data && (
          <>
            <CopyButton text={diff.data} label={t("trial.diff.copy")} />
            <a
              class="button"
              href={fileAddress(trial.id, DIFF)}
              download
              aria-label={`${t("common.download")} ${DIFF}`}
            >
              <Icon name="download" />
              {t("common.download")}
            </a>
          </>
        )}
      </div>
      {!size && <p class="soft">{t("trial.diff.none")}</p>}
      {size > 0 && diff.loading && <Skeleton lines={4} />}
      {diff.error ? <Failure error={diff.error} retry={diff.reload} /> : null}
      {diff.data && <DiffText text={diff.data} cut={size > DIFF_BYTES} />}
    </section>
  );
}

function DiffText({ text, cut }: { text: string; cut: boolean }) {
  const files = useMemo(() => diffFiles(parseDiff(text)), [text]);
  return (
    <>
      {files.length > 1 && <FileList files={files} />}
      <pre class="diff" tabIndex={0}>
        {files.map((file, at) => (
          <span key={at} id={`diff-${at}`} class="diff-part" tabIndex={-1}>
            {file.lines.map((line, number) => (
              <span key={number} class={`diff-${line.kind}`}>{`${line.text}\n`}</span>
            ))}
          </span>
        ))}
      </pre>
      {cut && <p class="soft">{t("trial.diff.cut")}</p>}
    </>
  );
}

function FileList({ files }: { files: DiffFile[] }) {
  const show = (at: number) => {
    const part = document.getElementById(`diff-${at}`);
    part?.scrollIntoView({ block: "nearest" });
    part?.focus({ preventScroll: true });
  };
  return (
    <ul class="diff-files" aria-label={t("trial.diff.files")}>
      {files.map((file, at) => (
        <li key={at}>
          <button type="button" class="quiet mono" onClick={() => show(at)}>
            {file.name || DIFF}
          </button>
          <span class="diff-count-added">+{file.added}</span> <span class="diff-count-removed">−{file.removed}</span>
        </li>
      ))}
    </ul>
  );
}
