/** Why a trial ended as it did, below its title: the reason, the step, the time, and a way to the traceback. */

import type { TrialDetail } from "../api/types";
import { endedAt, isBadEnd, lastStep, reasonOf } from "../model/endings";
import { formatAgo, formatTime } from "../model/format";
import { formatRoute } from "../model/route";
import { lookAgain } from "../state/route";
import { now } from "../state/settings";
import { locale, t } from "../words";
import { StateMark } from "./basics";

export function Ending({ trial }: { trial: TrialDetail }) {
  return (
    <>
      {isBadEnd(trial.state) && <BadEnd trial={trial} />}
      <Divergence since={trial.nan_since} />
    </>
  );
}

function BadEnd({ trial }: { trial: TrialDetail }) {
  const step = lastStep(trial.metrics);
  const time = endedAt(trial);
  const failure = formatRoute("trials", trial.id, { tab: "output", at: "error" });
  const hasOutput = (trial.files["stdout.log"]?.offset ?? 0) > 0;
  return (
    <div class={`ending ending-${trial.state}`} role="status">
      <StateMark trial={trial} isAlone={false} />
      <span class="reason">{reasonOf(trial) ?? t("ending.unknown")}</span>
      {step !== null && <span class="soft">{t("ending.step", { n: String(step) })}</span>}
      {time && (
        <span class="soft" title={formatTime(time, locale())}>
          {formatAgo(time, now.value, locale())}
        </span>
      )}
      {hasOutput && (
        <a href={failure} onClick={() => lookAgain(failure)}>
          {t(trial.ending?.exception ? "ending.traceback" : "ending.output")}
        </a>
      )}
    </div>
  );
}

/** Which metrics are no longer finite, those that went first in words. */
function Divergence({ since }: { since: Record<string, number> }) {
  const metrics = Object.entries(since).sort((one, other) => one[1] - other[1]);
  const [first] = metrics;
  if (!first) return null;
  const told = metrics.map(([metric, step]) => t("trial.diverged", { metric, step: String(step) }));
  const [text = ""] = told;
  return (
    <div class="ending ending-diverged" role="status" title={told.join("\n")}>
      <span class="nan">NaN</span>
      <span class="reason">
        {metrics.length === 1 ? text : t("trial.diverged.more", { text, n: String(metrics.length - 1) })}
      </span>
    </div>
  );
}
