/** What people do with folders and trials: the dialogs, and what follows. */

import { useState } from "preact/hooks";
import { changeFolder, getFolder, makeFolder, restore } from "../api/folders";
import { changeTrial, getTrial } from "../api/trials";
import type { TrashItem } from "../api/types";
import { refreshFolders } from "../state/folders";
import { t } from "../words";
import { deleteThings, moveBack, moveThings, type Outcome, restoreBack, type Thing, tell } from "./changes";
import { FormDialog, NameDialog, openDialog } from "./dialog";
import { notify, notifyUndo } from "./toasts";
import { Tree } from "./tree";

export type { Thing } from "./changes";

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
  const rename = async (name: string) => {
    if (thing.kind === "folder") await changeFolder(thing.id, { name });
    else await changeTrial(thing.id, { name });
    if (thing.kind === "folder") refreshFolders();
    done();
  };
  const undo = async (given: string) => {
    const { name } = await (thing.kind === "folder" ? getFolder : getTrial)(thing.id);
    if (name === given) await rename(thing.name);
    notify(name === given ? t("done.undone") : t("done.left", { names: name })); // somebody else wants another
  };
  const action = async (name: string) => {
    await rename(name);
    notifyUndo(t("done.renamed"), () => undo(name));
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

/** How far a change of many has come. */
function Progress({ at, of }: { at: number; of: number }) {
  if (!at || at >= of) return null;
  const text = t("done.progress", { n: at.toLocaleString("en-US"), all: of.toLocaleString("en-US") });
  return (
    <div class="field" role="status">
      <span>{text}</span>
      <progress value={at} max={of} aria-label={text} />
    </div>
  );
}

/** Called with what was done, when all was tried. */
type Done = (things: Thing[]) => void;

function DeleteDialog({ things, done }: { things: Thing[]; done: Done }) {
  const [at, setAt] = useState(0);
  const one = things[0] as Thing;
  const action = async () => {
    const outcome = await deleteThings(things, setAt);
    tell(outcome, "done.deleted", restoreBack);
    done(outcome.done);
  };
  return (
    <FormDialog title={t(`${one.kind}.delete`)} submit={t("common.delete")} danger action={action}>
      <p>
        {things.length > 1
          ? t("trial.delete.many", { n: things.length.toLocaleString("en-US") })
          : t(`${one.kind}.delete.text`, { name: one.name })}
      </p>
      <Progress at={at} of={things.length} />
    </FormDialog>
  );
}

export function askDelete(things: Thing[], done: Done): void {
  if (things.length) openDialog(<DeleteDialog things={things} done={done} />);
}

function MoveDialog({ things, done }: { things: Thing[]; done: Done }) {
  const [target, setTarget] = useState<{ id: string; name: string } | null>(null);
  const [at, setAt] = useState(0);
  const name = things.length === 1 ? (things[0]?.name ?? "") : t("list.trials.other", { n: things.length });
  const action = async () => {
    if (!target) return;
    const outcome: Outcome = await moveThings(things, target.id, setAt);
    tell(outcome, "done.moved", (moved) => moveBack(moved, target.id));
    done(outcome.done);
  };
  return (
    <FormDialog title={t("folder.move", { name })} submit={t("common.move")} ready={target !== null} action={action}>
      <div class="chooser">
        <Tree current={target?.id ?? ""} choose={setTarget} />
      </div>
      <Progress at={at} of={things.length} />
    </FormDialog>
  );
}

export function askMove(things: Thing[], done: Done): void {
  openDialog(<MoveDialog things={things} done={done} />);
}

export async function bringBack(thing: Pick<TrashItem, "kind" | "id" | "name">, name?: string): Promise<void> {
  await restore(thing.kind, thing.id, name);
  refreshFolders();
  notify(t("trash.restored", { name: name ?? thing.name }));
}

/** Tags that are added to a trial or taken from it; those of others stay. */
export interface TagChange {
  add?: string[];
  remove?: string[];
}

export async function changeTags(id: string, { add = [], remove = [] }: TagChange, done: () => void) {
  const save = async (added: string[], removed: string[]) => {
    await changeTrial(id, { add_tags: added, remove_tags: removed });
    done();
  };
  await save(add, remove);
  notifyUndo(t("done.tagged"), () => save(remove, add).then(() => notify(t("done.undone"))));
}
