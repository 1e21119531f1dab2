/** A trial: its head, and tabs for what was recorded. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { watch } from "../api/events";
import { changeTrial, getTrial } from "../api/trials";
import type { Segment, TrialDetail } from "../api/types";
import { isBadEnd } from "../model/endings";
import { DASH, durationOf, formatAgo, formatDuration, formatTime, shortId } from "../model/format";
import { formatRoute } from "../model/route";
import { askDelete, askMove, askRename, changeTags, type Thing } from "../parts/actions";
import { BaselineMark, baselineItem, useBaseline } from "../parts/baseline";
import { CopyButton, Failure, Skeleton, Stale, StateMark } from "../parts/basics";
import { Crumbs } from "../parts/crumbs";
import { Ending } from "../parts/ending";
import { Icon } from "../parts/icons";
import { NoteEditor, TagEditor } from "../parts/labels";
import { later } from "../parts/later";
import { copyPageLink } from "../parts/links";
import { throttle, useLoaded } from "../parts/load";
import { Menu } from "../parts/menu";
import { openShare } from "../parts/sharing";
import { Head } from "../parts/shell";
import { isTyping } from "../parts/shortcuts";
import { notify } from "../parts/toasts";
import { goneTo } from "../state/folders";
import { may, roleAbove } from "../state/rights";
import { go, route, setQuery } from "../state/route";
import { session } from "../state/session";
import { now, second } from "../state/settings";
import { isWatched, toggleWatched } from "../state/watched";
import { locale, t, type Word } from "../words";
import { MetricsTab } from "./trial_metrics";
import { ParametersTab } from "./trial_parameters";
import { PlatformTab } from "./trial_platform";

const ArtifactsTab = later(() => import("./trial_artifacts").then((part) => part.ArtifactsTab));
const FilesTab = later(() => import("./trial_files").then((part) => part.FilesTab));
// A trial opens with its charts; what the other tabs show comes when it is needed.
const OutputTab = later(() => import("./trial_output").then((part) => part.OutputTab));
const MediaTab = later(() => import("./trial_media").then((part) => part.MediaTab));

const TABS = ["metrics", "media", "parameters", "platform", "output", "files", "artifacts"] as const;
type Tab = (typeof TABS)[number];

/** The tabs that there are: a public link shows no output. */
function tabs(): Tab[] {
  return TABS.filter((tab) => tab !== "output" || session.value?.kind !== "link");
}

export function TrialPage({ id }: { id: string }) {
  const loaded = useLoaded(id, (signal) => getTrial(id, signal));
  useEffect(() => {
    if (loaded.data) goneTo(loaded.data.folder);
  }, [loaded.data?.folder.id]);
  const trial = loaded.data;
  const [version, setVersion] = useState(0);
  const { reload } = loaded;
  useEffect(() => {
    const again = throttle(() => {
      reload();
      setVersion((old) => old + 1);
    }, 800);
    return watch({ trials: [id], onTrial: again, poll: again });
  }, [id, reload]);
  useEffect(() => {
    if (trial) document.title = `${trial.name} · ${t("app.name")}`;
  });
  useBaseline(trial?.folder.id);
  useTabKeys();
  if (loaded.error && !trial) return <Failure error={loaded.error} retry={reload} />;
  if (!trial) return <Skeleton lines={10} />;
  return <TrialView trial={trial} version={version} changed={reload} error={loaded.error} />;
}

function chooseTab(tab: Tab): void {
  setQuery({ tab: tab === "metrics" ? null : tab, at: null });
}

function useTabKeys(): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const tab = TABS[Number(event.key) - 1];
      if (tab && tabs().includes(tab) && !isTyping(event)) chooseTab(tab);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}

interface ViewProps {
  trial: TrialDetail;
  version: number;
  changed: () => void;
  /** Why it could not be loaded again. */
  error: unknown;
}

function TrialView({ trial, version, changed, error }: ViewProps) {
  const wanted = route.value.query.get("tab") as Tab;
  const tab = tabs().includes(wanted) ? wanted : "metrics";
  const folder = useMemo(() => ({ ...trial.folder, parent: null }), [trial.folder.id, trial.folder.path]);
  return (
    <div class="page">
      <Stale error={error} retry={changed} />
      <Head
        crumbs={<Crumbs folder={folder} linkLast />}
        title={trial.name}
        actions={<Actions trial={trial} changed={changed} />}
        below={
          <>
            <Ending trial={trial} />
            <Facts trial={trial} changed={changed} />
          </>
        }
      />
      <Tabs tab={tab} />
      <div class="tab-panel" role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`}>
        {tab === "metrics" && <MetricsTab trial={trial} version={version} />}
        {tab === "media" && <MediaTab trials={[trial]} version={trial.files.media?.digest ?? ""} />}
        {tab === "parameters" && <ParametersTab trial={trial} />}
        {tab === "platform" && <PlatformTab trial={trial} />}
        {tab === "output" && <OutputTab trial={trial} />}
        {tab === "files" && <FilesTab trial={trial} />}
        {tab === "artifacts" && <ArtifactsTab trial={trial} />}
      </div>
    </div>
  );
}

function Tabs({ tab }: { tab: Tab }) {
  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const all = tabs();
    const next = all[(all.indexOf(tab) + step + all.length) % all.length] as Tab;
    chooseTab(next);
    requestAnimationFrame(() => document.getElementById(`tab-${next}`)?.focus());
  };
  // On a phone there is not room for all of them.
  useEffect(
    () => document.getElementById(`tab-${tab}`)?.scrollIntoView({ block: "nearest", inline: "nearest" }),
    [tab],
  );
  return (
    <div class="tabs" role="tablist" aria-label={t("trial.tabs")} onKeyDown={move}>
      {tabs().map((one) => (
        <button
          key={one}
          type="button"
          role="tab"
          id={`tab-${one}`}
          aria-selected={tab === one}
          aria-controls="tab-panel"
          tabIndex={tab === one ? 0 : -1}
          onClick={() => chooseTab(one)}
        >
          {t(`trial.tab.${one}` as Word)}
        </button>
      ))}
    </div>
  );
}

function Facts({ trial, changed }: { trial: TrialDetail; changed: () => void }) {
  const edits = may("editor", trial.role);
  const took = formatDuration(durationOf(trial, trial.state === "Running" ? second.value : now.value));
  return (
    <div class="facts">
      <BaselineMark trial={trial} />
      {!isBadEnd(trial.state) && (
        <>
          <StateMark trial={trial} />
          {trial.reason && <span class="reason">{trial.reason}</span>}
        </>
      )}
      {trial.started && (
        <span title={formatTime(trial.started, locale())}>
          {t("trial.started", { time: formatAgo(trial.started, now.value, locale()) })}
        </span>
      )}
      {took !== DASH && <span>{t(trial.state === "Running" ? "trial.running" : "trial.took", { time: took })}</span>}
      {trial.owner && <span>{t("trial.by", { name: trial.owner })}</span>}
      {trial.segments.map((segment) => (
        <SegmentFact key={`${segment.kind} ${segment.offset} ${segment.from_step}`} segment={segment} />
      ))}
      <span class="id">
        <code title={trial.id}>{shortId(trial.id)}</code>
        <CopyButton text={trial.id} label={t("trial.id")} />
      </span>
      <TagEditor tags={trial.tags} may={edits} save={(change) => changeTags(trial.id, change, changed)} />
      <NoteEditor
        note={trial.note}
        may={edits}
        save={(note, before) => changeTrial(trial.id, { note, note_before: before }).then(changed)}
        current={() => getTrial(trial.id).then(({ note }) => note)}
      />
    </div>
  );
}

function SegmentFact({ segment }: { segment: Segment }) {
  const step = String(segment.from_step);
  if (segment.kind === "resume") return <span>{t("trial.resumed", { step })}</span>;
  const parent = segment.parent ?? "";
  return <a href={formatRoute("trials", parent)}>{t("trial.forked", { name: segment.parent_name || parent, step })}</a>;
}

function Actions({ trial, changed }: { trial: TrialDetail; changed: () => void }) {
  const thing: Thing = { kind: "trial", id: trial.id, name: trial.name, folder: trial.folder.id };
  const above = useLoaded(`${trial.owner} ${trial.folder.id}`, (signal) => roleAbove(trial, trial.folder.id, signal));
  const items = [
    { label: t("link.copy"), action: copyPageLink },
    {
      label: t("notify.trial"),
      ticked: isWatched({ kind: "trial", id: trial.id }),
      action: () => void toggleWatched({ kind: "trial", id: trial.id }, notify),
    },
    ...(may("editor", above.data) ? [baselineItem(trial.folder.id, trial)] : []),
    ...(may("editor", trial.role) ? [{ label: t("common.rename"), action: () => askRename(thing, changed) }] : []),
    ...(may("editor", above.data)
      ? [
          { label: t("common.move"), action: () => askMove([thing], changed) },
          {
            label: t("common.delete"),
            danger: true,
            action: () => askDelete([thing], () => go(formatRoute("folders", trial.folder.id))),
          },
        ]
      : []),
  ];
  return (
    <>
      <a class="button" href={formatRoute("compare", "", { trials: trial.id })}>
        <Icon name="compare" />
        <span class="wide-only">{t("list.compare")}</span>
      </a>
      {may("owner", trial.role) && (
        <button type="button" onClick={() => openShare("trials", trial.id, trial.name)}>
          <Icon name="shared" />
          <span class="wide-only">{t("common.share")}</span>
        </button>
      )}
      <Menu icon="more" label={t("common.more")} items={items} />
    </>
  );
}
