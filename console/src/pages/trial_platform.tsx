/** Where a trial ran and of which code: command line, platform, git, the uncommitted changes, packages. */

import { useState } from "preact/hooks";
import { readText } from "../api/trials";
import type { TrialDetail } from "../api/types";
import { type Flat, flatten } from "../model/flat";
import { jsonOrText } from "../model/format";
import { commandLine } from "../model/process";
import { Command, CopyButton } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { session } from "../state/session";
import { t } from "../words";
import { Diff } from "./trial_diff";
import { FactTable } from "./trial_parameters";

const PROCESS = "process.json";
/** What tells one process from all others, which is for programs. */
const MARKS = ["boot_id", "pid_namespace", "process_start"];

type Facts = Record<string, unknown>;

export function PlatformTab({ trial }: { trial: TrialDetail }) {
  const { pypkgs, ...platform } = (trial.metadata.platform ?? {}) as Facts;
  const git = (trial.metadata._git ?? trial.metadata.git ?? {}) as Facts;
  if (session.value?.kind === "link") {
    return (
      <>
        <p class="soft">{t("trial.link.hidden")}</p>
        <Card title={t("trial.git")} facts={flatten(git)} />
      </>
    );
  }
  return (
    <>
      <Process trial={trial} />
      <div class="cards">
        <Card title={t("trial.platform")} facts={flatten(platform)} />
        <Card title={t("trial.git")} facts={flatten(git)} />
      </div>
      <Diff trial={trial} />
      <Packages packages={flatten((pypkgs ?? {}) as Facts)} />
    </>
  );
}

/** The process that recorded: how it was started, and where. */
function Process({ trial }: { trial: TrialDetail }) {
  const digest = trial.files[PROCESS]?.digest;
  const text = useLoaded(`${trial.id} ${digest ?? ""}`, async (signal) =>
    digest ? await readText(trial.id, PROCESS, signal) : "",
  );
  const { command, ...facts } = processIn(text.data ?? "");
  const line = commandLine(command);
  const shown = flatten(facts).filter(([name, value]) => value !== null && !MARKS.includes(name));
  if (!line && !shown.length) return null;
  return (
    <section class="card">
      <div class="row">
        <h2 class="grow">{t("trial.process")}</h2>
        {shown.length > 0 && <CopyFacts title={t("trial.process")} facts={shown} />}
      </div>
      {line && <Command text={line} label={t("trial.command.copy")} />}
      <FactTable facts={shown} />
    </section>
  );
}

function processIn(text: string): Facts {
  try {
    const document = JSON.parse(text || "{}");
    return document && typeof document === "object" && !Array.isArray(document) ? document : {};
  } catch {
    return {};
  }
}

function CopyFacts({ title, facts }: { title: string; facts: Flat }) {
  const text = facts.map(([name, value]) => `${name}: ${jsonOrText(value)}`).join("\n");
  return <CopyButton text={text} label={`${t("common.copy")}: ${title}`} />;
}

function Card({ title, facts }: { title: string; facts: Flat }) {
  return (
    <section class="card">
      <div class="row">
        <h2 class="grow">{title}</h2>
        {facts.length > 0 && <CopyFacts title={title} facts={facts} />}
      </div>
      {facts.length ? <FactTable facts={facts} /> : <p class="soft">{t("common.none")}</p>}
    </section>
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
        <CopyButton
          text={packages.map(([name, version]) => `${name}==${jsonOrText(version)}`).join("\n")}
          label={`${t("common.copy")}: ${t("trial.packages")}`}
        />
      </div>
      <div class="packages">
        {shown.map(([name, version]) => (
          <span key={name} class="mono">
            {name} <span class="soft">{jsonOrText(version)}</span>
          </span>
        ))}
      </div>
    </section>
  );
}
