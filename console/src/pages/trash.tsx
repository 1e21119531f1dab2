/** What was deleted, and bringing it back. */

import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { listTrash } from "../api/folders";
import type { TrashPage as Page, TrashItem } from "../api/types";
import { formatAgo, formatTime } from "../model/format";
import { bringBack } from "../parts/actions";
import { Empty, Failure, Skeleton } from "../parts/basics";
import { deleteThings, restoreThings, type Thing, tell } from "../parts/changes";
import { NameDialog, openDialog } from "../parts/dialog";
import { Icon } from "../parts/icons";
import { useLoaded } from "../parts/load";
import { Head } from "../parts/shell";
import { notifyError } from "../parts/toasts";
import { mayWrite } from "../state/rights";
import { now } from "../state/settings";
import { locale, t } from "../words";

export function TrashPage() {
  const trash = useLoaded<Page>("trash", (signal) => listTrash(null, signal));
  const [busy, setBusy] = useState("");
  useEffect(() => {
    document.title = `${t("trash.title")} · ${t("app.name")}`;
  });
  const page = trash.data;
  const back = async (item: TrashItem) => {
    setBusy(item.id);
    try {
      await bringBack(item);
    } catch (error) {
      if (error instanceof ApiError && error.code === "name_taken") askName(item);
      else notifyError(error);
    }
    setBusy("");
    trash.reload();
  };
  const askName = (item: TrashItem) =>
    openDialog(
      <NameDialog
        title={t("trash.rename")}
        label={t("common.name")}
        submit={t("common.restore")}
        value={`${item.name}-2`}
        action={(name) => bringBack(item, name).then(trash.reload)}
      />,
    );
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const backMany = async () => {
    const things = (page?.items ?? []).filter(({ id, kind }) => chosen.has(id) && kind !== "artifact");
    setBusy("many");
    try {
      const outcome = await restoreThings(things.map((item) => ({ ...item, kind: item.kind as Thing["kind"] })));
      choose(new Set(outcome.refused.map(({ thing }) => thing.id)));
      tell(outcome, "done.restored", deleteThings);
    } catch (error) {
      notifyError(error);
    }
    setBusy("");
    trash.reload();
  };
  const more = async () => {
    if (!page?.next) return;
    const next = await listTrash(page.next);
    trash.set({ ...next, items: [...page.items, ...next.items] });
  };
  return (
    <div class="page">
      <Head
        title={t("trash.title")}
        below={page && page.items.length > 0 && <p class="soft">{t("trash.days", { n: page.days })}</p>}
      />
      {trash.error ? <Failure error={trash.error} retry={trash.reload} /> : null}
      {trash.loading && <Skeleton />}
      {page?.items.length === 0 && <Empty title={t("trash.none")} next={t("trash.none.next", { n: page.days })} />}
      {chosen.size > 0 && (
        <div class="bar thin">
          <span aria-live="polite">{t("list.selected", { n: chosen.size })}</span>
          <button type="button" class="primary" disabled={busy === "many"} onClick={() => void backMany()}>
            {t("trash.restore.n", { n: chosen.size })}
          </button>
          <button type="button" class="quiet" onClick={() => choose(new Set())}>
            {t("list.unselect")}
          </button>
        </div>
      )}
      {page && page.items.length > 0 && (
        <Items items={page.items} busy={busy} back={back} chosen={chosen} choose={choose} />
      )}
      {page?.next && (
        <button type="button" onClick={() => void more().catch(notifyError)}>
          {t("common.all")}
        </button>
      )}
    </div>
  );
}

interface ItemsProps {
  items: TrashItem[];
  busy: string;
  back: (item: TrashItem) => Promise<void>;
  chosen: ReadonlySet<string>;
  choose: (ids: ReadonlySet<string>) => void;
}

function Items({ items, busy, back, chosen, choose }: ItemsProps) {
  const many = items.filter(({ kind }) => kind !== "artifact").map(({ id }) => id);
  const toggle = (ids: string[], isOn: boolean) =>
    choose(new Set(isOn ? [...chosen, ...ids] : [...chosen].filter((id) => !ids.includes(id))));
  return (
    <div class="card scroll">
      <table class="plain">
        <thead>
          <tr>
            {mayWrite() && (
              <th scope="col">
                <input
                  type="checkbox"
                  aria-label={t("trash.select.all")}
                  checked={many.length > 0 && many.every((id) => chosen.has(id))}
                  onChange={(event) => toggle(many, event.currentTarget.checked)}
                />
              </th>
            )}
            {[t("common.name"), t("trash.from"), t("trash.deleted"), t("trash.until")].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.id}>
              {mayWrite() && (
                <td>
                  {item.kind !== "artifact" && (
                    <input
                      type="checkbox"
                      aria-label={t("list.select", { name: item.name })}
                      checked={chosen.has(item.id)}
                      onChange={(event) => toggle([item.id], event.currentTarget.checked)}
                    />
                  )}
                </td>
              )}
              <th scope="row">
                <span class="row">
                  <Icon name={item.kind === "folder" ? "folder" : "compare"} />
                  {item.name}
                </span>
              </th>
              <td class="soft">{item.folder}</td>
              <td title={formatTime(item.deleted, locale())}>{formatAgo(item.deleted, now.value, locale())}</td>
              <td title={formatTime(item.until, locale())}>{formatAgo(item.until, now.value, locale())}</td>
              <td class="end">
                {mayWrite() && (
                  <button
                    type="button"
                    disabled={busy === item.id}
                    aria-label={`${t("common.restore")} ${item.name}`}
                    onClick={() => void back(item)}
                  >
                    {t("common.restore")}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
