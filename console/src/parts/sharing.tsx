/** The way to the dialog that shares a folder or a trial, whose code is loaded when it is opened. */

import type { Shareable } from "../api/trials";
import { openDialog } from "./dialog";
import { notifyError } from "./toasts";

export function openShare(kind: Shareable, id: string, name: string): void {
  import("./share")
    .then(({ ShareDialog }) => openDialog(<ShareDialog kind={kind} id={id} name={name} />))
    .catch(notifyError);
}
