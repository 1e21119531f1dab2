/** The media of one trial, or of several side by side: a section a path, a panel a key. */

import { useMemo, useState } from "preact/hooks";
import { mediaKeys } from "../api/media";
import type { MediaKey } from "../api/types";
import { sectionsOf } from "../model/media";
import { Command, Empty, Failure, Skeleton } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { MediaPanel, type MediaTrial } from "../parts/media_panel";
import { t } from "../words";

/** A section of at most so many keys is open to begin with. */
const SMALL = 12;

export function MediaTab({ trials, version }: { trials: MediaTrial[]; version: string }) {
  const [filter, setFilter] = useState("");
  const ids = trials.map(({ id }) => id).join();
  const loaded = useLoaded(`media ${ids}`, (signal) => Promise.all(trials.map(({ id }) => mediaKeys(id, signal))));
  const [seen, setSeen] = useState(version);
  if (seen !== version) {
    setSeen(version);
    loaded.reload();
  }
  const keys = useMemo(() => unionOfKeys((loaded.data ?? []).flatMap((answer) => answer.keys)), [loaded.data]);
  if (loaded.error && !loaded.data) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Skeleton lines={8} />;
  if (!keys.length) {
    return (
      <Empty title={t("media.none")} next={t("media.none.next")}>
        <Command text='trial.log_image("val/samples", images, step=step)' />
      </Empty>
    );
  }
  const sought = filter.trim().toLowerCase();
  const sections = sectionsOf(keys.filter(({ key }) => key.toLowerCase().includes(sought)));
  return (
    <>
      <div class="row">
        <input
          type="search"
          data-query
          placeholder={t("trial.filter")}
          aria-label={t("trial.filter")}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        {loaded.data.some((answer) => answer.behind) && <span class="soft">{t("media.behind")}</span>}
      </div>
      {sections.map((section) => (
        <details key={section.name} class="media-section" open={section.keys.length <= SMALL || !!sought}>
          <summary>
            {section.name || t("media.other")} <span class="soft">{section.keys.length}</span>
          </summary>
          <div class="media-panels">
            {section.keys.map((key) => (
              <MediaPanel key={key.key} trials={trials} name={key.key} kinds={key.kinds} version={version} />
            ))}
          </div>
        </details>
      ))}
    </>
  );
}

/** One entry a key, with the kinds that it has anywhere. */
function unionOfKeys(all: MediaKey[]): MediaKey[] {
  const keys = new Map<string, MediaKey>();
  for (const key of all) {
    const other = keys.get(key.key);
    keys.set(key.key, other ? { ...other, kinds: [...new Set([...other.kinds, ...key.kinds])] } : key);
  }
  return [...keys.values()];
}
