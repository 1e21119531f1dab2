/**
 * Telling of trials that ended, failed or diverged, also while nobody sees the page.
 *
 * Promises: one tab of all watches, so that nothing is told twice; when it is closed, another one does. Where the browser
 * shows no notifications, a notice of the page tells.
 */

import { effect } from "@preact/signals";
import { watch } from "../api/events";
import { getTrials, pageOf } from "../api/trials";
import type { Trial } from "../api/types";
import { timeS } from "../model/clock";
import { reasonOf } from "../model/endings";
import { formatRoute } from "../model/route";
import { type Tiding, told } from "../model/tidings";
import { go } from "../state/route";
import { type WatchedThing, watched } from "../state/watched";
import { t } from "../words";
import { throttle } from "./load";
import { notify } from "./toasts";

const LOCK = "aimd.notifications";
const MOST_FOLDERS = 5;
const RUNNING = { where: "state = Running", sort: "", limit: 500, columns: undefined, below: true };

/** Watch in this tab once no other one does. */
export function startNotifications(): void {
  const lead = () => new Promise<void>(() => lookAfter());
  if (navigator.locks) void navigator.locks.request(LOCK, lead);
  else lookAfter();
}

function lookAfter(): void {
  let stop = () => {};
  effect(() => {
    const things = watched.value;
    stop();
    stop = things.length ? follow(things) : () => {};
  });
}

function follow(things: readonly WatchedThing[]): () => void {
  const since = timeS();
  const before = new Map<string, Trial>();
  const touched = new Set<string>();
  let isOver = false;
  const look = throttle(() => {
    const ids = [...touched];
    touched.clear();
    getTrials(ids).then(
      ({ trials }) => {
        if (isOver) return;
        for (const trial of trials) {
          const tiding = told(before.get(trial.id), trial, since);
          before.set(trial.id, trial);
          if (tiding) tell(trial, tiding);
        }
      },
      () => {
        for (const id of ids) touched.add(id); // asked for again with what comes next, or once the server is back
      },
    );
  }, 1000);
  const touch = (id: string) => {
    touched.add(id);
    look();
  };
  const folders = things.filter(({ kind }) => kind === "folder").slice(-MOST_FOLDERS);
  const trials = things.filter(({ kind }) => kind === "trial").map(({ id }) => id);
  for (const id of trials) touch(id);
  const again = () => {
    for (const id of before.keys()) touch(id);
  };
  const stops = folders.map(({ id }) => {
    void pageOf({ ...RUNNING, folderId: id }).then(
      (page) => {
        for (const trial of page.trials) before.set(trial.id, trial);
      },
      () => {},
    );
    return watch({ folderId: id, below: true, isHiddenToo: true, onTrial: (event) => touch(event.id), poll: again });
  });
  if (trials.length) {
    stops.push(watch({ trials, isHiddenToo: true, onTrial: (event) => touch(event.id), poll: again }));
  }
  return () => {
    isOver = true;
    for (const stop of stops) stop();
  };
}

function tell(trial: Trial, tiding: Tiding): void {
  const why = reasonOf(trial);
  const reason = why ? t("notify.reason", { reason: why }) : "";
  const text = t(`notify.${tiding}`, { name: trial.name, reason });
  const isBad = tiding !== "succeeded";
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") {
    notify(text, isBad);
    return;
  }
  try {
    const shown = new Notification(text, { body: trial.folder.path, tag: `${trial.id} ${tiding}` });
    shown.onclick = () => {
      window.focus();
      go(formatRoute("trials", trial.id));
      shown.close();
    };
  } catch {
    notify(text, isBad); // some browsers of phones show none to a page
  }
}
