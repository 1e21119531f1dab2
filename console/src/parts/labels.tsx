/** Tags and the note of a trial, changed in place. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { t } from "../words";
import type { TagChange } from "./actions";
import { IconButton } from "./basics";
import { closeDialog, Dialog, openDialog } from "./dialog";
import { Icon } from "./icons";
import { focusNow } from "./load";
import { Markdown } from "./markdown";
import { notifyError } from "./toasts";

interface TagProps {
  tags: string[];
  may: boolean;
  save: (change: TagChange) => Promise<unknown>;
}

export function TagEditor({ tags, may, save }: TagProps) {
  const [adding, setAdding] = useState(false);
  const change = (wish: TagChange) => void save(wish).catch(notifyError);
  const add = (event: Event) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("tag") as HTMLInputElement;
    const wanted = field.value
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag && !tags.includes(tag));
    setAdding(false);
    if (wanted.length) change({ add: wanted });
  };
  return (
    <span class="tags">
      {tags.map((tag) => (
        <span key={tag} class="pill">
          {tag}
          {may && (
            <button
              type="button"
              aria-label={t("trial.tags.remove", { name: tag })}
              onClick={() => change({ remove: [tag] })}
            >
              <Icon name="close" size={10} />
            </button>
          )}
        </span>
      ))}
      {may && !adding && (
        <button type="button" class="quiet small" onClick={() => setAdding(true)}>
          <Icon name="plus" size={12} />
          {t("trial.tags.add")}
        </button>
      )}
      {adding && (
        <form class="inline" onSubmit={add}>
          <input
            name="tag"
            ref={focusNow}
            maxLength={64}
            aria-label={t("trial.tags.add")}
            onKeyDown={(event) => event.key === "Escape" && setAdding(false)}
            onBlur={(event) => event.currentTarget.value || setAdding(false)}
            autocomplete="off"
          />
        </form>
      )}
    </span>
  );
}

interface NoteDialogProps {
  note: string;
  /** Save a text instead of the one that was there before. */
  save: (note: string, before: string) => Promise<unknown>;
  /** The note as it is now. */
  current: () => Promise<string>;
}

function NoteDialog({ note, save, current }: NoteDialogProps) {
  const [text, setText] = useState(note);
  const [theirs, setTheirs] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await save(text, theirs ?? note);
      closeDialog();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "note_changed") notifyError(error);
      else await current().then(setTheirs, notifyError);
    }
  };
  return (
    <Dialog title={t("trial.note")}>
      <form onSubmit={(event) => void submit(event)}>
        <textarea
          autoFocus
          rows={8}
          maxLength={65_536}
          aria-label={t("trial.note")}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <p class="soft small">{t("trial.note.hint")}</p>
        {theirs !== null && (
          <>
            <p class="bad" role="alert">
              {t("trial.note.conflict")}
            </p>
            <textarea readOnly rows={5} aria-label={t("report.theirs")} value={theirs} />
          </>
        )}
        <div class="dialog-foot">
          <button type="button" onClick={closeDialog}>
            {t("common.cancel")}
          </button>
          <button type="submit" class="primary">
            {t("common.save")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function NoteEditor({ note, may, save, current }: NoteDialogProps & { may: boolean }) {
  const edit = () => openDialog(<NoteDialog note={note} save={save} current={current} />);
  if (!may) return note ? <Note note={note} /> : null;
  if (!note) {
    return (
      <button type="button" class="quiet small" onClick={edit}>
        <Icon name="edit" size={12} />
        {t("trial.note.add")}
      </button>
    );
  }
  return (
    <div class="note-place">
      <Note note={note} />
      <IconButton icon="edit" label={t("trial.note.edit")} onClick={edit} />
    </div>
  );
}

/** A note in Markdown, whose links lead to other pages of the console, too; of a long one the beginning, until asked. */
function Note({ note }: { note: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [isLong, setLong] = useState(false);
  useLayoutEffect(() => {
    const text = box.current?.querySelector(".markdown");
    if (!text || isOpen) return;
    const look = () => setLong(text.scrollHeight > text.clientHeight + 2);
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(text);
    return () => watcher.disconnect();
  }, [note, isOpen]);
  // What gets the focus is never in the part that is not seen.
  const onFocusIn = (event: FocusEvent) => {
    const target = event.target as HTMLElement;
    if (isOpen || !isLong || !target.closest(".markdown")) return;
    setOpen(true);
    requestAnimationFrame(() => target.scrollIntoView({ block: "nearest" }));
  };
  return (
    <div ref={box} class={`note${isOpen ? " open" : isLong ? " cut" : ""}`} onFocusIn={onFocusIn}>
      <Markdown text={note} />
      {isLong && (
        <button type="button" class="quiet small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {t(isOpen ? "trial.note.less" : "trial.note.all")}
        </button>
      )}
    </div>
  );
}
