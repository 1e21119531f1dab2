/** A folder: what lies in it, and its trials as a list that can be filtered, sorted and compared. */

import { useEffect, useMemo, useRef } from "preact/hooks";
import { ApiError } from "../api/client";
import { exportAddress, getFolder } from "../api/folders";
import type { Folder } from "../api/types";
import { automaticColumns, type Column, fieldOf, parseColumn, wantedFields } from "../model/columns";
import { formatRoute, joinNames, splitNames } from "../model/route";
import { askDelete, askMove, askNewFolder, askRename, type Thing } from "../parts/actions";
import { Command, Empty, Failure, Skeleton } from "../parts/basics";
import { ColumnChooser } from "../parts/column_chooser";
import { FolderStrip } from "../parts/folder_strip";
import { Icon } from "../parts/icons";
import { useLoaded } from "../parts/load";
import { Menu } from "../parts/menu";
import { QueryBox } from "../parts/query";
import { openShare } from "../parts/share";
import { Head } from "../parts/shell";
import { TrialTable } from "../parts/trial_table";
import { changes, ROOT } from "../state/folders";
import { may, roleAbove } from "../state/rights";
import { go, route, setQuery } from "../state/route";
import { homeWord, session } from "../state/session";
import { countWord, t } from "../words";
import { type ListState, useListing } from "./listing";

function useColumns(id: string, below: boolean, rows: ListState | null): { columns: Column[]; chosen: boolean } {
  const text = route.value.query.get("columns");
  const automatic = useRef<{ key: string; ids: string[] }>({ key: "", ids: [] });
  const key = `${id} ${below}`;
  if (automatic.current.key !== key) automatic.current = { key, ids: [] };
  if (!automatic.current.ids.length && rows?.trials.length && !rows.loading)
    automatic.current.ids = automaticColumns(rows.trials.slice(0, 100), below);
  const ids = text
    ? splitNames(text)
    : automatic.current.ids.length
      ? automatic.current.ids
      : ["name", "state", "started", "duration"];
  const joined = joinNames(ids);
  const columns = useMemo(() => ids.map(parseColumn).filter((column): column is Column => column !== null), [joined]);
  return { columns, chosen: text !== null };
}

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
    document.title = `${known.current && id !== ROOT ? known.current.name : t(homeWord())} · ${t("app.name")}`;
  });
  if (folder.error && !known.current) return <Failure error={folder.error} retry={folder.reload} />;
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
  const selected = useMemo(
    () => new Set(splitNames(route.value.query.get("selected"))),
    [route.value.query.get("selected")],
  );
  const select = (ids: ReadonlySet<string>) => setQuery({ selected: joinNames([...ids]) });
  const compare = () => go(formatRoute("compare", "", { trials: joinNames([...selected]) }));
  // All that are selected, also those that an address names and that are not loaded (yet).
  const things: Thing[] = [...selected].map((trial) => {
    const known = rows.trials.find(({ id: one }) => one === trial);
    return { kind: "trial", id: trial, name: known?.name ?? trial.slice(0, 8) };
  });
  const roles = rows.trials.filter(({ id: one }) => selected.has(one)).map(({ role }) => role);
  const mayChange =
    may("editor", folder?.role) || (roles.length === selected.size && roles.every((role) => may("editor", role)));
  const gone = () => {
    rows.drop(selected);
    select(new Set());
    rows.reload();
  };
  const total =
    rows.count && !rows.count.capped
      ? Math.max(rows.count.value, rows.trials.length)
      : rows.trials.length + (rows.next ? 500 : 0);
  const fields = useMemo(
    () => [
      "state",
      "reason",
      "name",
      "started",
      "duration",
      "age",
      "tags",
      "note",
      "nan_since",
      ...columns.filter((column) => column.kind !== "fact").map(fieldOf),
    ],
    [columns],
  );
  return (
    <div class="page list-page">
      <Head
        crumbs={id !== ROOT && <Crumbs folder={folder} />}
        title={id === ROOT ? t(homeWord()) : (folder?.name ?? "\u00a0")}
        actions={folder && <FolderActions id={id} folder={folder} />}
      />
      <FolderStrip id={id} />
      <div class="bar">
        <QueryBox value={where} error={rows.error} fields={fields} apply={(text) => setQuery({ where: text }, true)} />
        <label class="check">
          <input type="checkbox" checked={below} onChange={() => setQuery({ below: below ? "0" : null })} />
          {t("list.below")}
        </label>
        <ColumnChooser folderId={id} columns={columns} chosen={chosen} />
      </div>
      <div class="bar thin" aria-live="polite">
        {selected.size > 0 ? (
          <>
            <span>{t("list.selected", { n: selected.size })}</span>
            <button type="button" class="primary" onClick={compare}>
              <Icon name="compare" />
              {t("list.compare.n", { n: selected.size })}
            </button>
            {mayChange && (
              <>
                <button type="button" onClick={() => askMove(things, gone)}>
                  {t("list.move.n", { n: selected.size })}
                </button>
                <button type="button" class="danger-quiet" onClick={() => askDelete(things, gone)}>
                  {t("list.delete.n", { n: selected.size })}
                </button>
              </>
            )}
            <button type="button" class="quiet" onClick={() => select(new Set())}>
              {t("list.unselect")}
            </button>
          </>
        ) : (
          <span class="soft">
            {rows.count ? countWord(rows.count.value, rows.count.capped) : "\u00a0"}
            {rows.behind > 0 && ` · ${t("list.behind", { n: rows.behind })}`}
          </span>
        )}
      </div>
      <Body rows={rows} where={where} folder={folder} id={id}>
        <TrialTable
          trials={rows.trials}
          columns={columns}
          total={total}
          sort={sort}
          stale={rows.stale}
          selected={selected}
          select={select}
          onSort={(next) => setQuery({ sort: next })}
          more={rows.more}
          compare={compare}
        />
      </Body>
    </div>
  );
}

interface BodyProps {
  rows: ListState;
  where: string;
  folder: Folder | undefined;
  id: string;
  children: preact.ComponentChildren;
}

function Body({ rows, where, folder, id, children }: BodyProps) {
  const asked = rows.error instanceof ApiError && (rows.error.field === "where" || rows.error.field === "sort");
  if (asked && !rows.trials.length) return null;
  if (rows.error && !rows.trials.length) return <Failure error={rows.error} retry={rows.reload} />;
  if (rows.trials.length) return <>{children}</>;
  if (rows.loading) return <Skeleton lines={12} />;
  if (where) {
    return (
      <Empty title={t("list.nothing")} next={t("list.nothing.next")}>
        <button type="button" onClick={() => setQuery({ where: null })}>
          {t("list.query.clear")}
        </button>
      </Empty>
    );
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

export function Crumbs({
  folder,
  linkLast = false,
}: {
  folder: Pick<Folder, "path" | "id" | "parent"> | undefined;
  linkLast?: boolean;
}) {
  const parts = folder?.path.split("/").filter(Boolean) ?? [];
  const shown = linkLast ? parts : parts.slice(0, -1);
  return (
    <nav class="crumbs" aria-label={t("nav.where")}>
      <a href="#/">{t(homeWord())}</a>
      {shown.slice(0, -1).map((part, at) => (
        <span key={`${at} ${part}`}>
          <i aria-hidden="true">/</i>
          {part}
        </span>
      ))}
      {shown.length > 0 && (
        <span>
          <i aria-hidden="true">/</i>
          <a href={`#/folders/${encodeURIComponent((linkLast ? folder?.id : folder?.parent) ?? ROOT)}/`}>
            {shown.at(-1)}
          </a>
        </span>
      )}
    </nav>
  );
}

function FolderActions({ id, folder }: { id: string; folder: Folder }) {
  const thing: Thing = { kind: "folder", id: folder.id, name: folder.name };
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
    { label: t("list.export"), href: exportAddress(folder.id), download: true },
    ...(mayTake
      ? [
          {
            label: t("common.delete"),
            danger: true,
            action: () => askDelete([thing], () => go(folder.parent ? `#/folders/${folder.parent}/` : "#/")),
          },
        ]
      : []),
  ];
  return (
    <>
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
