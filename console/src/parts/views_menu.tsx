/** Saved views of a folder: choose one, save what is shown under a name, personal or shared, remove one. */

import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import type { Folder, SavedView, ViewFields } from "../api/types";
import { listViews, removeView, saveView } from "../api/views";
import { changesOf, isChanged, viewOf } from "../model/views";
import { may, mayWrite } from "../state/rights";
import { isChangedHere, route, setQuery } from "../state/route";
import { session } from "../state/session";
import { lastView, rememberView } from "../state/settings";
import { t } from "../words";
import { errorText } from "./basics";
import { FormDialog, openDialog } from "./dialog";
import { useLoaded } from "./load";
import { Menu, type MenuItem } from "./menu";
import { notify, notifyError } from "./toasts";

export function ViewsMenu({ folder }: { folder: Folder | undefined }) {
  const kind = session.value?.kind;
  const isPerson = kind === "user" || kind === "local";
  const id = folder?.id ?? "";
  const loaded = useLoaded(`views ${id}`, (signal) => (id && isPerson ? listViews(id, signal) : Promise.resolve([])));
  useLastView(id, loaded.data);
  if (!folder || !isPerson || (kind === "local" && !loaded.data?.length)) return null;
  const views = firstOfName(loaded.data ?? []);
  const name = lastView(id);
  const current = views.find((view) => view.name === name);
  const show = (view: SavedView) => {
    rememberView(id, view.name);
    setQuery(changesOf(view.view), true);
  };
  const saves = kind === "user" && mayWrite();
  const change = current && isChanged(route.value.query, current.view) ? current : undefined;
  const saveAs = () =>
    openDialog(
      <SaveDialog folder={folder} views={views} current={change ? undefined : current} done={loaded.reload} />,
    );
  const items: MenuItem[] = [
    ...(change && saves && mayReplace(change, folder)
      ? [{ label: t("views.change.save", { name: change.name }), action: () => void replace(change, loaded.reload) }]
      : []),
    ...(change && saves ? [{ label: t("views.change.as"), action: saveAs }] : []),
    ...(change ? [{ label: t("views.change.discard"), action: () => setQuery(changesOf(change.view), true) }] : []),
    ...views.map((view, at) => ({
      label: view.shared && kind === "user" ? t("views.shared", { name: view.name }) : view.name,
      checked: view === current,
      action: () => show(view),
      ...(change && at === 0 ? { heading: t("views.label") } : {}),
    })),
    {
      label: t("views.none"),
      action: () => {
        rememberView(id, "");
        setQuery(changesOf({}), true);
      },
    },
    ...(saves && !change ? [{ label: t("views.save"), action: saveAs }] : []),
    ...(saves && current && mayReplace(current, folder)
      ? [{ label: t("views.remove", { name: current.name }), danger: true, action: () => remove(current) }]
      : []),
  ];
  const remove = (view: SavedView) =>
    void removeView(view).then(() => {
      rememberView(id, "");
      loaded.reload();
      notify(t("views.removed", { name: view.name }));
    }, notifyError);
  const label = current ? `${t("views.label")}: ${current.name}` : t("views.label");
  const shown = change ? (
    <>
      <span class="clip">{label}</span> <span class="changed">{t("views.changed")}</span>
    </>
  ) : (
    label
  );
  return <Menu icon="view" label={change ? `${label}, ${t("views.changed")}` : label} text={shown} items={items} />;
}

/** Whether one may save another content under a view's name, or remove it. */
function mayReplace(view: SavedView, folder: Folder): boolean {
  return !view.shared || (view.folder.id === folder.id && may("editor", folder.role));
}

/** Save what is shown under the name of a view, unless somebody else changed it meanwhile: then it is shown as it is now. */
async function replace(view: SavedView, reload: () => void): Promise<void> {
  try {
    const fields = viewOf(route.value.query, view.view) as ViewFields;
    await saveView(view.folder.id, view.name, view.shared, fields, view.etag);
    notify(t("views.saved", { name: view.name }));
  } catch (error) {
    notifyError(error);
  }
  reload();
}

/** The view that was chosen last in a folder is shown again to whoever comes and asks for nothing else. */
function useLastView(id: string, views: SavedView[] | undefined): void {
  const isPlain = [...route.value.query.keys()].length === 0;
  useEffect(() => {
    const view = isPlain ? views?.find((one) => one.name === lastView(id)) : undefined;
    if (view && !isChangedHere()) setQuery(changesOf(view.view));
  }, [views, id, isPlain]);
}

function firstOfName(views: SavedView[]): SavedView[] {
  const names = new Set<string>();
  return views.filter(({ name }) => !names.has(name) && names.add(name));
}

interface SaveProps {
  folder: Folder;
  views: SavedView[];
  current: SavedView | undefined;
  done: () => void;
}

const NO_ADDRESS = /^\.{1,2}$|\//; // would be asked for at another address; the server refuses all other odd names

function SaveDialog({ folder, views, current, done }: SaveProps) {
  const [name, setName] = useState(current?.name ?? "");
  const [isShared, setShared] = useState(current?.shared ?? false);
  const [isReplacing, setReplacing] = useState(false);
  const before = views.find(
    (view) => view.name === name.trim() && view.shared === isShared && view.folder.id === folder.id,
  );
  const action = async () => {
    const wanted = name.trim();
    const fields = viewOf(route.value.query, before?.view) as ViewFields;
    if (NO_ADDRESS.test(wanted)) throw new Error(t("views.name"));
    // Only the view that is shown is replaced without a question.
    const known = isReplacing || before === current ? before?.etag : undefined;
    try {
      await saveView(folder.id, wanted, isShared, fields, known ?? (isReplacing ? "*" : null));
    } catch (error) {
      if (error instanceof ApiError && error.field === "name") throw new Error(t("views.name"));
      if (!(error instanceof ApiError) || error.status !== 412) throw error;
      setReplacing(true);
      throw new Error(`${errorText(error)} ${t("views.again")}`);
    }
    rememberView(folder.id, wanted);
    done();
    notify(t("views.saved", { name: wanted }));
  };
  return (
    <FormDialog title={t("views.save")} submit={t("common.save")} ready={name.trim() !== ""} action={action}>
      <label class="field">
        <span>{t("common.name")}</span>
        <input
          autoFocus
          maxLength={64}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
          autocomplete="off"
        />
      </label>
      {may("editor", folder.role) && (
        <label class="check">
          <input type="checkbox" checked={isShared} onChange={() => setShared(!isShared)} />
          {t("views.share")}
        </label>
      )}
      <p class="soft small">{t("views.hint", { name: name.trim() || "night" })}</p>
    </FormDialog>
  );
}
