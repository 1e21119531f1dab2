/** What was deleted, and bringing it back. */

import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { listTrash } from "../api/folders";
import type { TrashPage as Page, TrashItem } from "../api/types";
import { formatAgo, formatTime } from "../model/format";
import { bringBack } from "../parts/actions";
import { Empty, Failure, Skeleton } from "../parts/basics";
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
      {page && page.items.length > 0 && <Items items={page.items} busy={busy} back={back} />}
      {page?.next && (
        <button type="button" onClick={() => void more().catch(notifyError)}>
          {t("common.all")}
        </button>
      )}
    </div>
  );
}

function Items({ items, busy, back }: { items: TrashItem[]; busy: string; back: (item: TrashItem) => Promise<void> }) {
  return (
    <div class="card scroll">
      <table class="plain">
        <thead>
          <tr>
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
