/** The versions of an artifact, as a table. */

import { useEffect } from "preact/hooks";
import { listArtifacts } from "../api/artifacts";
import type { Artifact } from "../api/types";
import { formatAgo, formatBytes, formatTime } from "../model/format";
import { formatRoute } from "../model/route";
import { replace, route } from "../state/route";
import { now } from "../state/settings";
import { locale, t } from "../words";
import { Failure, Pills, Skeleton } from "./basics";
import { usePages } from "./pages";

/** The versions in a repo, the newest first, page by page. */
export function Versions({ repo, current = "" }: { repo: string; current?: string }) {
  const { first, rows, more } = usePages(
    `versions ${repo}`,
    (cursor, signal) => listArtifacts(repo, cursor, signal),
    (page) => page.artifacts,
  );
  // The address of a version, as deployed clients print it.
  const version = current ? null : route.value.query.get("artifactVersion");
  const wanted = first.data?.artifacts.find((artifact) => artifact.version === version);
  useEffect(() => {
    if (wanted) replace(formatRoute("artifacts", wanted.id));
  }, [wanted]);
  if (first.error && !first.data) return <Failure error={first.error} retry={first.reload} />;
  if (!first.data) return <Skeleton lines={4} />;
  return (
    <section class="card">
      <h2>{t("artifact.versions")}</h2>
      <ArtifactTable artifacts={rows} current={current} />
      {more && (
        <button type="button" class="button" onClick={more}>
          {t("artifact.more")}
        </button>
      )}
    </section>
  );
}

function ArtifactTable({ artifacts, current }: { artifacts: Artifact[]; current: string }) {
  return (
    <div class="scroll">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{t("common.name")}</th>
            <th scope="col">{t("artifact.version")}</th>
            <th scope="col">{t("artifact.type")}</th>
            <th scope="col">{t("artifact.aliases")}</th>
            <th scope="col" class="number">
              {t("artifact.objects")}
            </th>
            <th scope="col" class="number">
              {t("trial.files.size")}
            </th>
            <th scope="col">{t("keys.created")}</th>
          </tr>
        </thead>
        <tbody>
          {artifacts.map((artifact) => (
            <tr key={artifact.id} aria-current={artifact.id === current || undefined}>
              <th scope="row">
                <a href={formatRoute("artifacts", artifact.id)}>{artifact.name}</a>
              </th>
              <td>{artifact.version ?? "–"}</td>
              <td>{artifact.type}</td>
              <td>
                <Pills tags={artifact.aliases} />
              </td>
              <td class="number">{artifact.objects}</td>
              <td class="number">{formatBytes(artifact.size)}</td>
              <td title={formatTime(artifact.created, locale())}>{formatAgo(artifact.created, now.value, locale())}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
