/** The artifacts that a trial used and produced, and what else hangs together with them. */

import { getLineage } from "../api/artifacts";
import type { TrialDetail } from "../api/types";
import { Command, Empty, Failure, Skeleton } from "../parts/basics";
import { LineagePicture, Neighbours } from "../parts/lineage";
import { useLoaded } from "../parts/load";
import { t } from "../words";

const DEPTH = 10;

export function ArtifactsTab({ trial }: { trial: TrialDetail }) {
  const loaded = useLoaded(`${trial.id} ${trial.updated}`, (signal) => getLineage(trial.id, DEPTH, signal));
  if (loaded.error && !loaded.data) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Skeleton lines={6} />;
  if (!loaded.data.edges.length) {
    return (
      <Empty title={t("trial.artifacts.none")} next={t("trial.artifacts.none.next")}>
        <Command text='artifact = aimd.create_artifact("mnist_model", "model"); trial.mark_output(artifact)' />
      </Empty>
    );
  }
  return (
    <>
      <Neighbours lineage={loaded.data} kind="trial" />
      <section class="card">
        <h2>{t("lineage.title")}</h2>
        <LineagePicture lineage={loaded.data} />
      </section>
    </>
  );
}
