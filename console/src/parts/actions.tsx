/** What people do with folders and trials: the dialogs, and what follows. */

import { useState } from "preact/hooks";
import { changeFolder, deleteFolder, makeFolder, restore } from "../api/folders";
import { changeTrial, deleteTrial } from "../api/trials";
import type { TrashItem } from "../api/types";
import { refreshFolders } from "../state/folders";
import { t } from "../words";
import { ConfirmDialog, FormDialog, NameDialog, openDialog } from "./dialog";
import { notify } from "./toasts";
import { Tree } from "./tree";

export interface Thing {
  kind: "folder" | "trial";
  id: string;
  name: string;
}

export function askNewFolder(parent: string, done: () => void): void {
  const action = async (name: string) => {
    await makeFolder(parent, name);
    refreshFolders();
    done();
  };
  openDialog(
    <NameDialog title={t("list.folder.new")} label={t("folder.name")} submit={t("common.create")} action={action} />,
  );
}

export function askRename(thing: Thing, done: () => void): void {
  const action = async (name: string) => {
    if (thing.kind === "folder") await changeFolder(thing.id, { name });
    else await changeTrial(thing.id, { name });
    if (thing.kind === "folder") refreshFolders();
    notify(t("done.renamed"));
    done();
  };
  const title = t(thing.kind === "folder" ? "folder.rename" : "trial.rename");
  openDialog(
    <NameDialog
      title={title}
      label={t("common.name")}
      submit={t("common.rename")}
      value={thing.name}
      action={action}
    />,
  );
}

export function askDelete(things: Thing[], done: () => void): void {
  const one = things[0];
  if (!one) return;
  const action = async () => {
    for (const thing of things) await (thing.kind === "folder" ? deleteFolder(thing.id) : deleteTrial(thing.id));
    refreshFolders();
    notify(t("done.deleted"));
    done();
  };
  const text =
    things.length > 1 ? t("trial.delete.many", { n: things.length }) : t(`${one.kind}.delete.text`, { name: one.name });
  openDialog(<ConfirmDialog title={t(`${one.kind}.delete`)} text={text} submit={t("common.delete")} action={action} />);
}

function MoveDialog({ things, done }: { things: Thing[]; done: () => void }) {
  const [target, setTarget] = useState<{ id: string; name: string } | null>(null);
  const name = things.length === 1 ? (things[0]?.name ?? "") : t("list.trials.other", { n: things.length });
  const action = async () => {
    if (!target) return;
    for (const thing of things) {
      if (thing.kind === "folder") await changeFolder(thing.id, { parent: target.id });
      else await changeTrial(thing.id, { folder: { id: target.id } });
    }
    refreshFolders();
    notify(t("done.moved"));
    done();
  };
  return (
    <FormDialog title={t("folder.move", { name })} submit={t("common.move")} ready={target !== null} action={action}>
      <div class="chooser">
        <Tree current={target?.id ?? ""} choose={setTarget} />
      </div>
    </FormDialog>
  );
}

export function askMove(things: Thing[], done: () => void): void {
  openDialog(<MoveDialog things={things} done={done} />);
}

export async function bringBack(thing: Pick<TrashItem, "kind" | "id" | "name">, name?: string): Promise<void> {
  await restore(thing.kind, thing.id, name);
  refreshFolders();
  notify(t("trash.restored", { name: name ?? thing.name }));
}
