/** The lines of a comparison: a trial each, or a group of them, with names that tell them apart. */

import type { Trial } from "../api/types";
import type { TrialLine } from "../charts/colouring";
import { shortId } from "../model/format";
import type { Group } from "../model/groups";
import { shortNames } from "../model/names";
import { t } from "../words";

/** Trials of one name are told apart by the beginning of their id. */
function labelsOf(trials: Trial[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of trials) counts.set(name, (counts.get(name) ?? 0) + 1);
  return trials.map((trial) =>
    (counts.get(trial.name) ?? 0) > 1 ? `${trial.name} ${trial.id.slice(0, 6)}` : trial.name,
  );
}

export function linesOf(trials: Trial[], groups: Group[] | null): TrialLine[] {
  const labels = labelsOf(trials);
  const lines = groups
    ? groups.map((group) => {
        const members = group.members.map((at) => trials[at] as Trial);
        const label =
          group.label || (members.length === 1 ? (labels[group.members[0] as number] as string) : t("common.all"));
        const key = group.members.map((at) => shortId(trials[at]?.id ?? "")).join("+");
        return { key, label, short: group.values, common: group.names, trials: members };
      })
    : trials.map((trial, at) => ({
        key: trial.id,
        label: labels[at] as string,
        short: "",
        common: "",
        trials: [trial],
      }));
  const { short, common } = shortNames(lines.map((line) => line.label));
  return lines.map((line, at) => ({
    ...line,
    short: line.short || (short[at] as string),
    common: line.common || common,
  }));
}
