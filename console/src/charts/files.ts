/** What makes files of charts is loaded when one is asked for. */

import { notifyError } from "../parts/toasts";

export function saved(work: (part: typeof import("./export")) => unknown): void {
  import("./export").then(work).catch(notifyError);
}
