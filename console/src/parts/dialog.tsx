/** Dialogs over the page: the browser keeps the focus inside and gives it back. One is open at a time. */

import { signal } from "@preact/signals";
import { type ComponentChildren, Fragment, type VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { route } from "../state/route";
import { t } from "../words";
import { errorText, IconButton } from "./basics";

const opened = signal<{ dialog: VNode; number: number } | null>(null);
let number = 0;

export function openDialog(dialog: VNode): void {
  number += 1;
  opened.value = { dialog, number };
}

export function closeDialog(): void {
  opened.value = null;
}

/** The open dialog; going to another page closes it, as it belongs to the one under it. */
export function Dialogs() {
  const { page, id, query } = route.value;
  const address = `${page}/${id}/${query.get("tab") ?? ""}`;
  useEffect(() => closeDialog, [address]);
  if (!opened.value) return null;
  // Each is one of its own: the browser tells late that one was closed, when the next of its kind may be open.
  return <Fragment key={opened.value.number}>{opened.value.dialog}</Fragment>;
}

/** A browser gives the focus back when a dialog is closed by a key, not when it is taken out of the page. */
function giveBack(before: Element | null, dialog: Element | null): void {
  const now = document.activeElement;
  const isLost = !now || now === document.body || dialog?.contains(now);
  if (isLost && before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
}

interface DialogProps {
  title: string;
  children: ComponentChildren;
  wide?: boolean;
  /** For one that is not in the place of `openDialog`. */
  close?: (() => void) | undefined;
}

export function Dialog({ title, children, wide, close = closeDialog }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const leaving = useRef(false);
  useLayoutEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      leaving.current = true; // its event comes later, when another dialog may be open in its place
      dialog?.close();
      giveBack(before, dialog);
    };
  }, []);
  const onClose = () => {
    if (!leaving.current) close();
  };
  const onBackdrop = (event: MouseEvent) => {
    if (event.target === box.current) close();
  };
  return (
    <dialog
      ref={box}
      class={wide ? "wide" : ""}
      aria-labelledby="dialog-title"
      onClose={onClose}
      onMouseDown={onBackdrop}
    >
      <div class="dialog-head">
        <h2 id="dialog-title">{title}</h2>
        <IconButton icon="close" label={t("common.close")} onClick={close} />
      </div>
      {children}
    </dialog>
  );
}

interface FormProps {
  title: string;
  submit: string;
  danger?: boolean;
  ready?: boolean;
  children: ComponentChildren;
  close?: (() => void) | undefined;
  /** Does the work; the dialog closes when it succeeds and shows what went wrong when not. */
  action: () => Promise<unknown>;
}

export function FormDialog({ title, submit, danger, ready = true, children, action, close = closeDialog }: FormProps) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      await action();
      close();
    } catch (problem) {
      setError(errorText(problem));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={onSubmit}>
        {children}
        {error && (
          <p class="bad" role="alert">
            {error}
          </p>
        )}
        <div class="dialog-foot">
          <button type="button" onClick={close}>
            {t("common.cancel")}
          </button>
          {/* While it works it is not disabled, which would take the focus out of the dialog. */}
          <button type="submit" class={danger ? "danger" : "primary"} disabled={!ready} aria-disabled={busy}>
            {submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface NameProps {
  title: string;
  label: string;
  submit: string;
  value?: string;
  action: (name: string) => Promise<unknown>;
}

export function NameDialog({ title, label, submit, value = "", action }: NameProps) {
  const [name, setName] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  return (
    <FormDialog title={title} submit={submit} ready={name.trim() !== ""} action={() => action(name.trim())}>
      <label class="field">
        <span>{label}</span>
        <input
          ref={field}
          autoFocus
          value={name}
          maxLength={255}
          onInput={(event) => setName(event.currentTarget.value)}
          autocomplete="off"
        />
      </label>
    </FormDialog>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  submit: string;
  action: () => Promise<unknown>;
  danger?: boolean;
  close?: () => void;
}

export function ConfirmDialog({ title, text, submit, action, danger, close }: ConfirmProps) {
  return (
    <FormDialog title={title} submit={submit} danger={danger ?? false} action={action} close={close}>
      <p>{text}</p>
    </FormDialog>
  );
}
