/** An artifact: what it is, its objects, its other versions, and what it was made from and used for. */

import { useEffect } from "preact/hooks";
import { getArtifact, getLineage, listObjects, objectAddress } from "../api/artifacts";
import type { Artifact } from "../api/types";
import { formatAgo, formatTime, shortId } from "../model/format";
import { Versions } from "../parts/artifact_table";
import { CopyButton, Failure, Pills, Skeleton } from "../parts/basics";
import { Crumbs } from "../parts/crumbs";
import { FileRow, FileTable, filesWord } from "../parts/file_table";
import { LineagePicture, Neighbours } from "../parts/lineage";
import { useLoaded } from "../parts/load";
import { usePages } from "../parts/pages";
import { Head } from "../parts/shell";
import { isLocal } from "../state/session";
import { now } from "../state/settings";
import { locale, t } from "../words";

const DEPTH = 10;

export function ArtifactPage({ id }: { id: string }) {
  const loaded = useLoaded(id, (signal) => getArtifact(id, signal));
  const artifact = loaded.data;
  useEffect(() => {
    if (artifact) document.title = `${artifact.name} ${artifact.version ?? ""} · ${t("app.name")}`;
  });
  if (loaded.error && !artifact) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!artifact) return <Skeleton lines={10} />;
  return (
    <div class="page">
      <Head
        crumbs={<Crumbs folder={{ ...artifact.folder, parent: null }} linkLast />}
        title={[artifact.name, artifact.version].filter(Boolean).join(" ")}
        below={<Facts artifact={artifact} />}
      />
      <Objects artifact={artifact} />
      <History artifact={artifact} />
      {!isLocal.value && <Versions repo={artifact.folder.id} current={artifact.id} />}
    </div>
  );
}

function Facts({ artifact }: { artifact: Artifact }) {
  const address = `${artifact.folder.path.replace(/^\//, "")}:${artifact.version ?? "latest"}`;
  return (
    <div class="facts">
      <span>{artifact.type}</span>
      {!artifact.version && !isLocal.value && <span class="reason">{t("artifact.open")}</span>}
      {artifact.version && <span>{filesWord(artifact.objects, artifact.size)}</span>}
      {artifact.created && (
        <span title={formatTime(artifact.created, locale())}>{formatAgo(artifact.created, now.value, locale())}</span>
      )}
      {artifact.owner && <span>{t("trial.by", { name: artifact.owner })}</span>}
      <Pills tags={artifact.aliases} />
      <span class="id">
        <code title={artifact.id}>{shortId(artifact.id)}</code>
        <CopyButton text={artifact.id} label={t("artifact.id")} />
      </span>
      {artifact.version && (
        <span class="id">
          <code>{`aimd artifact download ${address}`}</code>
          <CopyButton text={`aimd artifact download ${address}`} />
        </span>
      )}
      {artifact.description && <p class="note">{artifact.description}</p>}
    </div>
  );
}

function Objects({ artifact }: { artifact: Artifact }) {
  const { first, rows, more } = usePages(
    `${artifact.id} ${artifact.updated}`,
    (cursor, signal) => listObjects(artifact.id, cursor, signal),
    (page) => page.objects,
  );
  if (first.error && !first.data) return <Failure error={first.error} retry={first.reload} />;
  return (
    <section class="card">
      <h2>{t("artifact.objects")}</h2>
      <FileTable>
        {rows.map((object) => (
          <FileRow
            key={object.key}
            file={{ name: object.key, bytes: object.size, address: objectAddress(artifact.id, object.key) }}
          />
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

function History({ artifact }: { artifact: Artifact }) {
  const loaded = useLoaded(`lineage ${artifact.id}`, (signal) => getLineage(artifact.id, DEPTH, signal));
  if (loaded.error && !loaded.data) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Skeleton lines={4} />;
  if (!loaded.data.edges.length) return null;
  return (
    <>
      <Neighbours lineage={loaded.data} kind="artifact" />
      <section class="card">
        <h2>{t("lineage.title")}</h2>
        <LineagePicture lineage={loaded.data} />
      </section>
    </>
  );
}
