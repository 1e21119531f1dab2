/** The report of a folder: its note with live views in it, and an editor with a preview. */

import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { getFolder } from "../api/folders";
import { type FolderNote, getNote, putNote, reportAddress } from "../api/reports";
import { MAX_VIEWS } from "../model/embedded";
import { formatAgo } from "../model/format";
import { Empty, errorText, Failure, Skeleton } from "../parts/basics";
import { Crumbs } from "../parts/crumbs";
import { Icon } from "../parts/icons";
import { copyPageLink } from "../parts/links";
import { useLoaded } from "../parts/load";
import { Markdown } from "../parts/markdown";
import { Menu } from "../parts/menu";
import { Head } from "../parts/shell";
import { notify } from "../parts/toasts";
import { ROOT } from "../state/folders";
import { may } from "../state/rights";
import { homeWord } from "../state/session";
import { now } from "../state/settings";
import { language, locale, t } from "../words";
import { ReportView } from "./report_view";

const MOST = 65_536;

export function ReportPage({ id }: { id: string }) {
  const folder = useLoaded(id, (signal) => getFolder(id, signal));
  const note = useLoaded(`note ${id}`, (signal) => getNote(id, signal));
  const [isEditing, setEditing] = useState(() => draftOf(id) !== null);
  const name = folder.data && id !== ROOT ? folder.data.name : t(homeWord());
  useEffect(() => {
    document.title = `${t("report.title", { name })} · ${t("app.name")}`;
  });
  const error = folder.error ?? note.error;
  if (error && !note.data) return <Failure error={error} retry={note.reload} />;
  if (!folder.data || !note.data) return <Skeleton lines={10} />;
  const mayEdit = may("editor", folder.data.role);
  const edit = () => setEditing(true);
  return (
    <div class="page">
      <Head
        crumbs={<Crumbs folder={folder.data} linkLast={id !== ROOT} />}
        title={t("report.title", { name })}
        actions={!isEditing && <Actions id={id} edit={mayEdit ? edit : null} />}
        below={note.data.updated && !isEditing && <Changed note={note.data} />}
      />
      {isEditing && mayEdit ? (
        <Editor
          id={id}
          before={note.data}
          done={(saved) => {
            if (saved) note.set(saved);
            setEditing(false);
          }}
        />
      ) : note.data.note ? (
        <Shown id={id} note={note.data.note} />
      ) : (
        <Empty title={t("report.none")} next={t("report.none.next")}>
          {mayEdit && (
            <button type="button" class="primary" onClick={edit}>
              {t("report.write")}
            </button>
          )}
        </Empty>
      )}
    </div>
  );
}

function Changed({ note }: { note: FolderNote }) {
  const time = formatAgo(note.updated, now.value, locale());
  return (
    <p class="soft">{t(note.editor ? "report.changed.by" : "report.changed", { time, name: note.editor ?? "" })}</p>
  );
}

function Actions({ id, edit }: { id: string; edit: (() => void) | null }) {
  const items = [
    { label: t("link.copy"), action: copyPageLink },
    { label: t("report.download"), href: reportAddress(id, language.value), download: true },
  ];
  return (
    <>
      {edit && (
        <button type="button" aria-label={t("common.edit")} title={t("common.edit")} onClick={edit}>
          <Icon name="edit" />
          <span class="wide-only">{t("common.edit")}</span>
        </button>
      )}
      <Menu icon="more" label={t("common.more")} items={items} />
    </>
  );
}

function Shown({ id, note }: { id: string; note: string }) {
  return (
    <article class="report">
      <Markdown
        text={note}
        embed={(info, text, before) =>
          before < MAX_VIEWS ? (
            <ReportView info={info} text={text} folder={id} />
          ) : (
            <p class="bad">{t("report.view.many", { n: MAX_VIEWS })}</p>
          )
        }
      />
    </article>
  );
}

function draftName(id: string): string {
  return `aimd.draft.${id}`;
}

/** What was typed and not saved, in this tab: a page that is loaded again, or left by mistake, loses nothing. */
function draftOf(id: string): { note: string; etag: string } | null {
  try {
    return JSON.parse(sessionStorage.getItem(draftName(id)) ?? "null");
  } catch {
    return null;
  }
}

function keepDraft(id: string, draft: { note: string; etag: string } | null): void {
  try {
    if (draft) sessionStorage.setItem(draftName(id), JSON.stringify(draft));
    else sessionStorage.removeItem(draftName(id));
  } catch {
    // A browser that keeps nothing has the text as long as the page.
  }
}

interface EditorProps {
  id: string;
  before: FolderNote;
  /** With what was saved; null for nothing. */
  done: (saved: FolderNote | null) => void;
}

function Editor({ id, before, done }: EditorProps) {
  const [text, setText] = useState(() => draftOf(id)?.note ?? before.note);
  const [etag, setEtag] = useState(() => draftOf(id)?.etag ?? before.etag);
  const [preview, setPreview] = useState(text);
  const [theirs, setTheirs] = useState<FolderNote | null>(null);
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setPreview(text), 400);
    return () => clearTimeout(timer);
  }, [text]);
  const type = (note: string) => {
    setText(note);
    keepDraft(id, { note, etag });
  };
  const save = async (over: string) => {
    setBusy(true);
    setError("");
    try {
      const saved = await putNote(id, text, over);
      keepDraft(id, null);
      notify(t("done.saved"));
      done(saved);
    } catch (problem) {
      const isChanged = problem instanceof ApiError && problem.code === "note_changed";
      if (isChanged) setTheirs(await getNote(id).catch(() => null));
      else setError(errorText(problem));
      setBusy(false);
    }
  };
  const leave = (saved: FolderNote | null) => {
    keepDraft(id, null);
    done(saved);
  };
  const join = (other: FolderNote) => {
    setEtag(other.etag);
    keepDraft(id, { note: text, etag: other.etag });
    setTheirs(null);
  };
  return (
    <form
      class="report-editor"
      onSubmit={(event) => {
        event.preventDefault();
        void save(etag);
      }}
    >
      {theirs && (
        <section class="card" role="alert" aria-label={t("report.conflict")}>
          <h2>{t("report.conflict")}</h2>
          <p>{t("report.conflict.text", { name: theirs.editor ?? "" })}</p>
          <textarea readOnly rows={10} class="mono" aria-label={t("report.theirs")} value={theirs.note} />
          <div class="row">
            <button type="button" class="danger-quiet" onClick={() => void save(theirs.etag)}>
              {t("report.mine.keep")}
            </button>
            <button type="button" onClick={() => leave(theirs)}>
              {t("report.theirs.keep")}
            </button>
            <button type="button" onClick={() => join(theirs)}>
              {t("report.join")}
            </button>
          </div>
        </section>
      )}
      <div class="report-sides">
        <div>
          <label class="field">
            <span>{t("report.text")}</span>
            <textarea
              autoFocus
              class="mono"
              rows={24}
              maxLength={MOST}
              value={text}
              onInput={(event) => type(event.currentTarget.value)}
            />
          </label>
          <p class="soft small">{t("report.hint")}</p>
        </div>
        <section aria-label={t("report.preview")}>
          <p class="soft">{t("report.preview")}</p>
          <Shown id={id} note={preview} />
        </section>
      </div>
      {error && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
      <div class="dialog-foot">
        <button type="button" onClick={() => leave(null)}>
          {t("common.cancel")}
        </button>
        <button type="submit" class="primary" disabled={isBusy}>
          {t("common.save")}
        </button>
      </div>
    </form>
  );
}
