/** The folders right below one, above its trials. */

import { useEffect, useState } from "preact/hooks";
import { removeShortcut } from "../api/folders";
import type { Folder } from "../api/types";
import { formatRoute } from "../model/route";
import { children, loadChildren, refreshFolders } from "../state/folders";
import { mayWrite } from "../state/rights";
import { t } from "../words";
import { BothEnds, IconButton, Names } from "./basics";
import { Icon } from "./icons";
import { notifyError } from "./toasts";

const SHOWN = 12;

/** With those in folders below, where the server says it. */
function trialsIn(folder: Folder): number {
  return folder.trials_below ?? folder.trials;
}

export function FolderStrip({ id }: { id: string }) {
  const [all, setAll] = useState(false);
  useEffect(() => void loadChildren(id).catch(() => {}), [id]);
  const below = children.value.get(id) ?? [];
  if (!below.length) return null;
  const shown = all ? below : below.slice(0, SHOWN);
  return (
    <ul class="strip" aria-label={t("list.folders")}>
      <Names names={shown.map(({ name }) => name)}>
        {shown.map((folder) => (
          <li key={folder.id}>
            <a class="folder-chip" href={formatRoute("folders", folder.target ?? folder.id)} title={folder.path}>
              <Icon name={folder.type === "shortcut" ? "link" : "folder"} />
              <span class="clip">
                <BothEnds text={folder.name} />
              </span>
              {folder.shared && (
                <span class="soft" title={t("list.shared")}>
                  <Icon name="shared" size={13} />
                </span>
              )}
              {trialsIn(folder) > 0 && <span class="soft number">{trialsIn(folder).toLocaleString("en-US")}</span>}
            </a>
            {folder.type === "shortcut" && mayWrite() && (
              <IconButton
                icon="close"
                size={12}
                label={t("shared.shortcut.remove", { name: folder.name })}
                onClick={() => void removeShortcut(folder.id).then(refreshFolders, notifyError)}
              />
            )}
          </li>
        ))}
      </Names>
      {below.length > SHOWN && (
        <li>
          <button type="button" class="quiet" onClick={() => setAll(!all)}>
            {all ? t("list.folders.less") : t("list.folders.all", { n: below.length })}
          </button>
        </li>
      )}
    </ul>
  );
}
