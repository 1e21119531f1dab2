/** The filter in the query language: a mistake is shown below the place where it is. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { t } from "../words";
import { IconButton } from "./basics";
import { Icon } from "./icons";
import { useOutside } from "./menu";

const EXAMPLES = [
  "params.lr >= 1e-3 and val.acc.max > 0.9",
  "state = Running or state = Failed",
  "name ~ mnist and age < 2d",
  "tag:best and note is not missing",
  "val.loss = nan",
  "git.dirty = false and duration > 1h",
];

interface QueryProps {
  value: string;
  error: unknown;
  fields: string[];
  apply: (query: string) => void;
}

export function QueryBox({ value, error, fields, apply }: QueryProps) {
  const [text, setText] = useState(value);
  const [help, setHelp] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => setText(value), [value]);
  useOutside(box, help, () => setHelp(false));
  const wrong = error instanceof ApiError && error.field === "where" && text === value ? error : null;
  const insert = (piece: string, whole: boolean) => {
    const next = whole || !text.trim() ? piece : `${text.trimEnd()} ${piece}`;
    setText(next);
    field.current?.focus();
    if (whole) {
      apply(next);
      setHelp(false);
    }
  };
  return (
    <div class="query" ref={box}>
      <form
        class={`query-box${wrong ? " wrong" : ""}`}
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          setHelp(false);
          apply(text.trim());
        }}
      >
        <Icon name="search" />
        <input
          ref={field}
          data-query
          class="mono"
          value={text}
          placeholder={t("list.query")}
          aria-label={t("list.query.label")}
          aria-invalid={!!wrong}
          aria-describedby={wrong ? "query-error" : undefined}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Escape" && (help ? setHelp(false) : event.currentTarget.blur())}
          spellcheck={false}
          autocomplete="off"
          maxLength={10_000}
        />
        {text && (
          <IconButton
            icon="close"
            label={t("list.query.clear")}
            onClick={() => {
              setText("");
              apply("");
            }}
          />
        )}
        <IconButton icon="help" label={t("list.query.help")} expanded={help} onClick={() => setHelp(!help)} />
      </form>
      {wrong && (
        <div class="query-error" id="query-error" role="alert">
          {wrong.position !== null && (
            <code aria-hidden="true">
              {value.slice(0, wrong.position)}
              <mark>{value.slice(wrong.position, wrong.position + 1) || " "}</mark>
              {value.slice(wrong.position + 1)}
            </code>
          )}
          <span>{wrong.message}</span>
        </div>
      )}
      {help && (
        <div class="panel query-help">
          <h3>{t("list.query.examples")}</h3>
          {EXAMPLES.map((example) => (
            <button key={example} type="button" class="menu-item mono" onClick={() => insert(example, true)}>
              {example}
            </button>
          ))}
          <h3>{t("list.query.fields")}</h3>
          <div class="chips">
            {fields.map((name) => (
              <button key={name} type="button" class="chip mono" onClick={() => insert(name, false)}>
                {name}
              </button>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}
