/** Short notices at the edge, read out by screen readers. */

import { signal } from "@preact/signals";
import { t } from "../words";
import { errorText, IconButton } from "./basics";

interface Notice {
  number: number;
  text: string;
  bad: boolean;
}

const notices = signal<Notice[]>([]);
let last = 0;

export function notify(text: string, bad = false): void {
  const number = ++last;
  notices.value = [...notices.value.slice(-3), { number, text, bad }];
  setTimeout(() => dismiss(number), bad ? 9000 : 3500);
}

export function notifyError(error: unknown): void {
  notify(errorText(error), true);
}

function dismiss(number: number): void {
  notices.value = notices.value.filter((notice) => notice.number !== number);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <div key={notice.number} class={notice.bad ? "toast bad" : "toast"}>
          <span>{notice.text}</span>
          <IconButton icon="close" label={t("common.close")} onClick={() => dismiss(notice.number)} />
        </div>
      ))}
    </div>
  );
}
