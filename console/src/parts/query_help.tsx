/** Examples and fields of the filter, fewer the more of one is typed. */

import { type Known, plainFields } from "../model/completion";
import { t } from "../words";

const EXAMPLES = [
  "resnet val.acc > 0.9",
  "params.lr >= 1e-3 and val.acc.max > 0.9",
  "state = Running or state = Failed",
  "name ~ mnist and age < 2d",
  "tag:best and note is not missing",
  "val.loss = nan",
  "git.dirty = false and duration > 1h",
];

interface HelpProps {
  typed: string;
  known: Known | null;
  insert: (field: string) => void;
  ask: (query: string) => void;
}

export function QueryHelp({ typed, known, insert, ask }: HelpProps) {
  const fits = (text: string) => text.toLowerCase().includes(typed.toLowerCase());
  const examples = EXAMPLES.filter(fits);
  const fitting = known ? plainFields(known).filter(fits) : [];
  return (
    <div class="panel query-help">
      {examples.length > 0 && <h3>{t("list.query.examples")}</h3>}
      {examples.map((example) => (
        <button key={example} type="button" class="menu-item mono" onClick={() => ask(example)}>
          {example}
        </button>
      ))}
      {fitting.length > 0 && <h3>{t("list.query.fields")}</h3>}
      <div class="chips">
        {fitting.map((name) => (
          <button key={name} type="button" class="chip mono" onClick={() => insert(name)}>
            {name}
          </button>
        ))}
      </div>
      {!examples.length && !fitting.length && <p class="soft">{t("filter.words")}</p>}
    </div>
  );
}
