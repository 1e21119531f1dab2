/** A folder: what lies in it, and its trials as a list that can be filtered, sorted and compared. */

import { useEffect, useRef } from "preact/hooks";
import { ApiError, isGone } from "../api/client";
import { exportAddress, getFolder } from "../api/folders";
import { matchingTrials } from "../api/trials";
import type { Folder } from "../api/types";
import { type Column, parseColumn, wantedFields } from "../model/columns";
import { withCondition } from "../model/query";
import { formatRoute, joinNames, splitNames } from "../model/route";
import { chartsOf } from "../model/views";
import { askDelete, askMove, askNewFolder, askRename, type Thing } from "../parts/actions";
import { Versions } from "../parts/artifact_table";
import { baselineItem, turnBaseline, useBaseline } from "../parts/baseline";
import { Command, Empty, Failure, Skeleton, Stale } from "../parts/basics";
import { ColumnChooser } from "../parts/column_chooser";
import { Crumbs } from "../parts/crumbs";
import { FolderStrip } from "../parts/folder_strip";
import { Icon } from "../parts/icons";
import { later } from "../parts/later";
import { copyPageLink } from "../parts/links";
import { useLoaded } from "../parts/load";
import { Menu } from "../parts/menu";
import { QueryBox } from "../parts/query";
import { openShare } from "../parts/sharing";
import { Head } from "../parts/shell";
import { notify, notifyError } from "../parts/toasts";
import { focusTrials } from "../parts/trial_marks";
import { TrialTable } from "../parts/trial_table";
import { ViewsMenu } from "../parts/views_menu";
import { changes, goneTo, ROOT } from "../state/folders";
import { may, roleAbove } from "../state/rights";
import { go, route, setQuery } from "../state/route";
import { selectIn, selectionOf } from "../state/selection";
import { homeWord, session } from "../state/session";
import { isWatched, toggleWatched } from "../state/watched";
import { countWord, t } from "../words";
import { QuickChips, useChips } from "./folder_chips";
import { useColumns } from "./folder_columns";
import { HealthLine, useHealth } from "./folder_health";
import { LayoutChoice, Workspace } from "./folder_workspace";
import { type ListState, useListing } from "./listing";

const NothingFound = later(() => import("../parts/query_nothing").then((part) => part.NothingFound), true);

/** More trials than this are too many for one comparison. */
const COMPARED = 500;

/** The type of a folder whose content is the versions of an artifact. */
const REPO = "artifact";

export function FolderPage({ id }: { id: string }) {
  const { query } = route.value;
  const folder = useLoaded(`${id} ${changes.value}`, (signal) => getFolder(id, signal));
  const known = useRef<Folder | undefined>(undefined);
  if (folder.data) known.current = folder.data;
  const below = query.get("below") !== "0";
  const where = query.get("where") ?? "";
  const sort = query.get("sort") ?? "";
  const explicit = splitNames(query.get("columns"))
    .map(parseColumn)
    .filter((column): column is Column => column !== null);
  const rows = useListing({
    folderId: id,
    below,
    where,
    sort,
    fields: explicit.length ? wantedFields(explicit) : undefined,
  });
  const { columns, chosen } = useColumns(id, below, rows);
  useEffect(() => {
    if (folder.data) goneTo(folder.data);
  }, [folder.data]);
  useEffect(() => {
    document.title = `${known.current && id !== ROOT ? known.current.name : t(homeWord())} · ${t("app.name")}`;
  });
  const gone = [folder.error, rows.error].find(isGone);
  if (gone) return <Failure error={gone} />;
  if (folder.error && !known.current) return <Failure error={folder.error} retry={folder.reload} />;
  if (known.current?.type === REPO) return <RepoView folder={known.current} />;
  return (
    <FolderView
      id={id}
      folder={known.current}
      rows={rows}
      columns={columns}
      chosen={chosen}
      below={below}
      where={where}
      sort={sort}
    />
  );
}

function RepoView({ folder }: { folder: Folder }) {
  return (
    <div class="page">
      <Head
        crumbs={<Crumbs folder={folder} />}
        title={folder.name}
        actions={<FolderActions id={folder.id} folder={folder} />}
      />
      <Versions repo={folder.id} />
    </div>
  );
}

interface ViewProps {
  id: string;
  folder: Folder | undefined;
  rows: ListState;
  columns: Column[];
  chosen: boolean;
  below: boolean;
  where: string;
  sort: string;
}

function FolderView({ id, folder, rows, columns, chosen, below, where, sort }: ViewProps) {
  const { query } = route.value;
  const list = `${id} ${below}`;
  const listing = { folderId: id, below, where };
  const selected = selectionOf(list);
  const select = (ids: ReadonlySet<string>) => selectIn(list, ids);
  const isWhole = !rows.next && !rows.stale && !rows.loading;
  // While the same list is loaded again, the numbers on the buttons stay.
  const isHere = !rows.next && !rows.stale;
  const hidden = isHere ? selected.size - rows.trials.filter((trial) => selected.has(trial.id)).length : 0;
  const n = selected.size - hidden;
  const matching = () => (isWhole ? Promise.resolve(rows.trials) : matchingTrials({ ...listing, sort }));
  /** Do something with those selected that match the filter, also with what is not loaded: what is hidden stays. */
  const act = (action: (things: Thing[]) => void) =>
    void matching().then((trials) => {
      const things = trials.filter((trial) => selected.has(trial.id));
      action(things.map((trial) => ({ kind: "trial", id: trial.id, name: trial.name, folder: trial.folder.id })));
    }, notifyError);
  const only = selected.size === 1 ? rows.trials.find(({ id: one }) => selected.has(one)) : undefined;
  const selectAll = () => void matching().then((all) => select(new Set(all.map((trial) => trial.id))), notifyError);
  const compare = () =>
    act((things) => {
      if (things.length > COMPARED) notify(t("list.compare.first", { n: COMPARED }));
      const ids = things.slice(0, COMPARED).map((thing) => thing.id);
      go(formatRoute("compare", "", { ...chartsOf(query), trials: joinNames(ids) }));
    });
  useBaseline(folder?.id);
  const mayBaseline = may("editor", folder?.role) && folder !== undefined;
  const health = useHealth(listing, rows);
  const chips = useChips(id, below, rows);
  const roles = rows.trials.filter(({ id: one }) => selected.has(one)).map(({ role }) => role);
  const mayChange =
    may("editor", folder?.role) || (roles.length === selected.size && roles.every((role) => may("editor", role)));
  const gone = (things: Thing[]) => {
    const ids = new Set(things.map((thing) => thing.id));
    // The button that was pressed goes with the selection: later than this, and than the dialog.
    requestAnimationFrame(() => document.activeElement === document.body && focusTrials());
    rows.drop(ids);
    select(new Set([...selected].filter((one) => !ids.has(one))));
    rows.reload();
  };
  const total =
    rows.count && !rows.count.capped
      ? Math.max(rows.count.value, rows.trials.length)
      : rows.trials.length + (rows.next ? 500 : 0);
  return (
    <div class="page list-page">
      <Stale error={rows.trials.length > 0 && !isOfQuery(rows.error) && rows.error} retry={rows.reload} />
      <Head
        crumbs={id !== ROOT && <Crumbs folder={folder} />}
        title={id === ROOT ? t(homeWord()) : (folder?.name ?? "\u00a0")}
        actions={folder && <FolderActions id={id} folder={folder} />}
      />
      <FolderStrip id={id} />
      <div class="bar">
        <QueryBox
          folderId={id}
          below={below}
          value={where}
          error={rows.error}
          chips={chips ?? []}
          apply={(text) => setQuery({ where: text }, true)}
        />
        <label class="check">
          <input type="checkbox" checked={below} onChange={() => setQuery({ below: below ? "0" : null })} />
          {t("list.below")}
        </label>
        <ColumnChooser folderId={id} columns={columns} chosen={chosen} />
        <ViewsMenu folder={folder} />
        <LayoutChoice />
      </div>
      <QuickChips chips={chips} where={where} apply={(text) => setQuery({ where: text }, true)} />
      <div class="bar thin" aria-live="polite">
        {selected.size > 0 ? (
          <>
            <span>
              {t("list.selected", { n: selected.size })}
              {hidden > 0 && <span class="soft"> · {t("list.selected.hidden", { n: hidden })}</span>}
            </span>
            <button type="button" class="primary" disabled={!n} onClick={compare}>
              <Icon name="compare" />
              {t("list.compare.n", { n })}
            </button>
            {mayBaseline && only && (
              <button type="button" onClick={() => turnBaseline(folder.id, only)}>
                {baselineItem(folder.id, only).label}
              </button>
            )}
            {mayChange && (
              <>
                <button type="button" disabled={!n} onClick={() => act((things) => askMove(things, gone))}>
                  {t("list.move.n", { n })}
                </button>
                <button
                  type="button"
                  class="danger-quiet"
                  disabled={!n}
                  onClick={() => act((things) => askDelete(things, gone))}
                >
                  {t("list.delete.n", { n })}
                </button>
              </>
            )}
            <button
              type="button"
              class="quiet"
              onClick={() => {
                select(new Set());
                focusTrials();
              }}
            >
              {t("list.unselect")}
            </button>
          </>
        ) : (
          <>
            <span class="soft">
              {rows.count ? countWord(rows.count.value, rows.count.capped) : "\u00a0"}
              {rows.behind > 0 && ` · ${t("list.behind", { n: rows.behind })}`}
            </span>
            <HealthLine health={health} where={where} chips={chips ?? []} />
          </>
        )}
      </div>
      <Body rows={rows} where={where} folder={folder} id={id} below={below}>
        <Workspace
          trials={rows.trials}
          selected={selected}
          select={select}
          listing={{ ...listing, sort }}
          count={rows.count?.value}
        >
          <TrialTable
            trials={rows.trials}
            columns={columns}
            total={total}
            listing={listing}
            count={`${rows.count?.value}`}
            sort={sort}
            stale={rows.stale}
            selected={selected}
            select={select}
            selectAll={selectAll}
            diverged={health.ids}
            onSort={(next) => setQuery({ sort: next })}
            more={rows.more}
            compare={compare}
            turnBaseline={mayBaseline ? (trial) => turnBaseline(folder.id, trial) : undefined}
            filter={(condition) => setQuery({ where: withCondition(where, condition) }, true)}
          />
        </Workspace>
      </Body>
    </div>
  );
}

interface BodyProps {
  rows: ListState;
  where: string;
  folder: Folder | undefined;
  id: string;
  below: boolean;
  children: preact.ComponentChildren;
}

/** Whether the filter or the order is what is wrong, which is said beside it. */
function isOfQuery(error: unknown): boolean {
  return error instanceof ApiError && (error.field === "where" || error.field === "sort");
}

function Body({ rows, where, folder, id, below, children }: BodyProps) {
  if (isOfQuery(rows.error) && !rows.trials.length) return null;
  if (rows.error && !rows.trials.length) return <Failure error={rows.error} retry={rows.reload} />;
  if (rows.trials.length) return <>{children}</>;
  if (rows.loading) return <Skeleton lines={12} />;
  if (where) {
    return <NothingFound folderId={id} below={below} where={where} />;
  }
  if (session.value?.kind === "local") {
    return (
      <Empty title={t("list.empty")} next={t("list.empty.local")}>
        <Command text={'from t9k import aimd; trial = aimd.create_trial(trial_name="first")'} />
      </Empty>
    );
  }
  const to = id === ROOT || !folder ? "" : ` -f ${folder.path}`;
  return (
    <Empty title={t("list.empty")} next={t("list.empty.next")}>
      <Command text={`aimd trial upload -d .${to}`} />
    </Empty>
  );
}

function FolderActions({ id, folder }: { id: string; folder: Folder }) {
  const thing: Thing = { kind: "folder", id: folder.id, name: folder.name, folder: folder.parent };
  const stay = () => {};
  const above = useLoaded(`${folder.owner} ${folder.parent}`, (signal) => roleAbove(folder, folder.parent, signal));
  const mayTake = id !== ROOT && may("editor", folder.role) && may("editor", above.data);
  const items = [
    ...(mayTake
      ? [
          { label: t("common.rename"), action: () => askRename(thing, stay) },
          { label: t("common.move"), action: () => askMove([thing], stay) },
        ]
      : []),
    { label: t("link.copy"), action: copyPageLink },
    {
      label: t("notify.folder"),
      ticked: isWatched({ kind: "folder", id: folder.id }),
      action: () => void toggleWatched({ kind: "folder", id: folder.id }, notify),
    },
    { label: t("list.export"), href: exportAddress(folder.id), download: true },
    ...(mayTake
      ? [
          {
            label: t("common.delete"),
            danger: true,
            action: () => askDelete([thing], () => go(folder.parent ? formatRoute("folders", folder.parent) : "#/")),
          },
        ]
      : []),
  ];
  return (
    <>
      <a class="button" href={formatRoute("reports", id)} aria-label={t("report.link")} title={t("report.link")}>
        <Icon name="note" />
        <span class="wide-only">{t("report.link")}</span>
      </a>
      {may("editor", folder.role) && (
        <button type="button" onClick={() => askNewFolder(folder.id, stay)}>
          <Icon name="plus" />
          <span class="wide-only">{t("list.folder.new")}</span>
        </button>
      )}
      {may("owner", folder.role) && id !== ROOT && (
        <button type="button" onClick={() => openShare("folders", folder.id, folder.name)}>
          <Icon name="shared" />
          <span class="wide-only">{t("common.share")}</span>
        </button>
      )}
      <Menu icon="more" label={t("common.more")} items={items} />
    </>
  );
}
