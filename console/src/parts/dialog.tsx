/** Dialogs over the page: the browser keeps the focus inside and gives it back. One is open at a time. */

import { signal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../words";
import { errorText, IconButton } from "./basics";

const opened = signal<VNode | null>(null);

export function openDialog(dialog: VNode): void {
  opened.value = dialog;
}

export function closeDialog(): void {
  opened.value = null;
}

export function Dialogs() {
  return opened.value;
}

interface DialogProps {
  title: string;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, children, wide }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const leaving = useRef(false);
  useEffect(() => {
    const dialog = box.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      leaving.current = true; // its event comes later, when another dialog may be open in its place
      dialog?.close();
    };
  }, []);
  const onClose = () => {
    if (!leaving.current) closeDialog();
  };
  const onBackdrop = (event: MouseEvent) => {
    if (event.target === box.current) closeDialog();
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
        <IconButton icon="close" label={t("common.close")} onClick={closeDialog} />
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
  /** Does the work; the dialog closes when it succeeds and shows what went wrong when not. */
  action: () => Promise<unknown>;
}

export function FormDialog({ title, submit, danger, ready = true, children, action }: FormProps) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await action();
      closeDialog();
    } catch (problem) {
      setError(errorText(problem));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title}>
      <form onSubmit={onSubmit}>
        {children}
        {error && (
          <p class="bad" role="alert">
            {error}
          </p>
        )}
        <div class="dialog-foot">
          <button type="button" onClick={closeDialog}>
            {t("common.cancel")}
          </button>
          <button type="submit" class={danger ? "danger" : "primary"} disabled={busy || !ready}>
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
}

export function ConfirmDialog({ title, text, submit, action }: ConfirmProps) {
  return (
    <FormDialog title={title} submit={submit} danger action={action}>
      <p>{text}</p>
    </FormDialog>
  );
}
