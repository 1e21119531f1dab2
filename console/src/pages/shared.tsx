/** What others share with who is signed in. */

import { useEffect } from "preact/hooks";
import { listShared, makeShortcut } from "../api/folders";
import type { SharedItem } from "../api/types";
import { formatRoute } from "../model/route";
import { Empty, Failure, Skeleton } from "../parts/basics";
import { Icon } from "../parts/icons";
import { useLoaded } from "../parts/load";
import { Head } from "../parts/shell";
import { notify, notifyError } from "../parts/toasts";
import { ROOT, refreshFolders } from "../state/folders";
import { mayWrite } from "../state/rights";
import { replace, route } from "../state/route";
import { session } from "../state/session";
import { t } from "../words";

async function addShortcut(item: SharedItem): Promise<void> {
  try {
    await makeShortcut(ROOT, item.id);
    refreshFolders();
    notify(t("shared.shortcut.done", { name: item.name }));
  } catch (error) {
    notifyError(error);
  }
}

export function SharedPage() {
  const items = useLoaded("shared", listShared);
  const only = session.value?.kind === "link" && items.data?.length === 1 ? items.data[0] : undefined;
  // A link leads to what it shows, if that is one thing.
  useEffect(() => {
    if (only && route.value.page === "") replace(formatRoute(`${only.kind}s`, only.id));
  }, [only]);
  useEffect(() => {
    document.title = `${t("shared.title")} · ${t("app.name")}`;
  });
  return (
    <div class="page">
      <Head title={t("shared.title")} />
      {items.error ? <Failure error={items.error} retry={items.reload} /> : null}
      {items.loading && <Skeleton />}
      {items.data?.length === 0 && <Empty title={t("shared.none")} next={t("shared.none.next")} />}
      {items.data && items.data.length > 0 && (
        <div class="card scroll">
          <table class="plain">
            <thead>
              <tr>
                {[t("common.name"), t("column.folder"), t("column.owner"), t("share.role")].map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
                <th scope="col" />
              </tr>
            </thead>
            <tbody>
              {items.data.map((item) => (
                <tr key={item.id}>
                  <th scope="row">
                    <a class="row" href={formatRoute(`${item.kind}s`, item.id)}>
                      <Icon name={item.kind === "folder" ? "folder" : "compare"} />
                      {item.name}
                    </a>
                  </th>
                  <td class="soft">{item.path}</td>
                  <td>{item.owner}</td>
                  <td>{t(`role.${item.role}`)}</td>
                  <td class="end">
                    {item.kind === "folder" && mayWrite() && (
                      <button type="button" onClick={() => void addShortcut(item)}>
                        {t("shared.shortcut")}
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
