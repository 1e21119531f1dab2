/** Where a trial ran and of which code: platform, git, the uncommitted changes in colour, packages. */

import { useState } from "preact/hooks";
import { readFile } from "../api/trials";
import type { TrialDetail } from "../api/types";
import { parseDiff } from "../model/diff";
import { type Flat, flatten } from "../model/flat";
import { Failure, Skeleton } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { t } from "../words";
import { FactTable } from "./trial_parameters";

const DIFF = "git.diff";
const DIFF_BYTES = 1 << 20;

type Facts = Record<string, unknown>;

export function PlatformTab({ trial }: { trial: TrialDetail }) {
  const { pypkgs, ...platform } = (trial.metadata.platform ?? {}) as Facts;
  const git = (trial.metadata._git ?? trial.metadata.git ?? {}) as Facts;
  return (
    <>
      <div class="cards">
        <Card title={t("trial.platform")} facts={flatten(platform)} />
        <Card title={t("trial.git")} facts={flatten(git)} />
      </div>
      <Diff trial={trial} />
      <Packages packages={flatten((pypkgs ?? {}) as Facts)} />
    </>
  );
}

function Card({ title, facts }: { title: string; facts: Flat }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {facts.length ? <FactTable facts={facts} /> : <p class="soft">{t("common.none")}</p>}
    </section>
  );
}

function Diff({ trial }: { trial: TrialDetail }) {
  const size = trial.files[DIFF]?.offset ?? 0;
  const digest = trial.files[DIFF]?.digest ?? "";
  const diff = useLoaded(`${trial.id} ${digest}`, async (signal) => {
    if (!size) return "";
    const part = await readFile(trial.id, DIFF, 0, DIFF_BYTES, signal);
    return new TextDecoder().decode(part.bytes);
  });
  return (
    <section class="card">
      <h2>{t("trial.diff")}</h2>
      {!size && <p class="soft">{t("trial.diff.none")}</p>}
      {size > 0 && diff.loading && <Skeleton lines={4} />}
      {diff.error ? <Failure error={diff.error} retry={diff.reload} /> : null}
      {diff.data && <DiffText text={diff.data} cut={size > DIFF_BYTES} />}
    </section>
  );
}

function DiffText({ text, cut }: { text: string; cut: boolean }) {
  return (
    <>
      <pre class="diff" tabIndex={0}>
        {parseDiff(text).map((line, at) => (
          <span key={at} class={`diff-${line.kind}`}>{`${line.text}\n`}</span>
        ))}
      </pre>
      {cut && <p class="soft">{t("trial.diff.cut")}</p>}
    </>
  );
}

function Packages({ packages }: { packages: Flat }) {
  const [filter, setFilter] = useState("");
  if (!packages.length) return null;
  const shown = packages.filter(([name]) => name.toLowerCase().includes(filter.trim().toLowerCase()));
  return (
    <section class="card">
      <div class="row">
        <h2>{t("trial.packages")}</h2>
        <span class="soft">{shown.length}</span>
        <input
          type="search"
          placeholder={t("trial.filter")}
          aria-label={`${t("trial.packages")}: ${t("trial.filter")}`}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </div>
      <div class="packages">
        {shown.map(([name, version]) => (
          <span key={name} class="mono">
            {name} <span class="soft">{String(version)}</span>
          </span>
        ))}
      </div>
    </section>
  );
}
