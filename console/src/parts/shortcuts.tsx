/** Keys that work everywhere, and the list of all. */

import { dark, sidebar, theme } from "../state/settings";
import { t, type Word } from "../words";
import { Dialog, openDialog } from "./dialog";
import { copyPageLink } from "./links";
import { undoLast } from "./toasts";

type Key = [string[], Word];

const GROUPS: [Word, Key[]][] = [
  [
    "help.everywhere",
    [
      [["/"], "help.query"],
      [["u"], "help.undo"],
      [["y"], "help.link"],
      [["["], "help.sidebar"],
      [["↑ ↓", "← →"], "help.tree"],
      [["t"], "help.theme"],
      [["Esc"], "help.close"],
      [["?"], "help.help"],
    ],
  ],
  [
    "list.label",
    [
      [["j", "k"], "help.move"],
      [["Enter"], "help.open"],
      [["x", "X"], "help.select"],
      [["c"], "help.compare"],
      [["h", "l", "f"], "help.cell"],
      [["B"], "help.baseline"],
      [["Alt ← →"], "help.width"],
      [["v"], "help.layout"],
      [["← →"], "help.divider"],
    ],
  ],
  [
    "lineage.trial",
    [
      [["1", "…", "7"], "help.tabs"],
      [["n", "N"], "help.errors"],
    ],
  ],
  [
    "workspace.charts",
    [
      [["+", "−", "0", "← →"], "help.chart"],
      [["[ ]", "↑ ↓"], "help.chart.y"],
      [[",", "."], "help.chart.point"],
      [["e", "f"], "help.chart.size"],
      [["l"], "help.chart.link"],
      [["p"], "help.chart.pin"],
      [["Alt ← →"], "help.chart.place"],
      [["Alt ↑ ↓", "o"], "help.section"],
      [["← →", "↑ ↓"], "help.heat"],
    ],
  ],
  [
    "workspace.sweep",
    [
      [["← →", "↑ ↓", "Enter"], "help.sweep"],
      [["↑ ↓", "Enter", "Del"], "help.axis"],
      [["Alt ← →"], "help.axis.place"],
    ],
  ],
];

function HelpDialog() {
  return (
    <Dialog title={t("help.title")}>
      {GROUPS.map(([title, all]) => (
        <section key={title}>
          <h3>{t(title)}</h3>
          <dl class="keys">
            {all.map(([keys, word]) => (
              <div key={word}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{t(word)}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}

export function openHelp(): void {
  openDialog(<HelpDialog />);
}

export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  return (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    !!target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, dialog, [role=menu]")
  );
}

const ACTIONS: Record<string, () => void> = {
  "?": openHelp,
  "[": () => {
    sidebar.value = !sidebar.value;
  },
  u: undoLast,
  y: copyPageLink,
  t: () => {
    theme.value = dark.value ? "light" : "dark";
  },
  "/": () => document.querySelector<HTMLElement>("[data-query]")?.focus(),
};

export function startShortcuts(): () => void {
  const listen = (event: KeyboardEvent) => {
    const action = ACTIONS[event.key];
    if (!action || isTyping(event)) return;
    event.preventDefault();
    action();
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}
