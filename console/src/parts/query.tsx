/**
 * The filter: words and conditions, completed while one types; a mistake is shown below the place where it is.
 *
 * A combobox as ARIA describes it: the focus stays in the field, arrows choose an offer, Tab takes the first one, Enter
 * the chosen one or, without one, asks for what is written.
 */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { completed, isWhole, type Known, type Offer, offersAt } from "../model/completion";
import { meant } from "../model/meant";
import { conditionsOf, type Place, placeIn, tokensOf, withoutCondition } from "../model/query";
import { isSaid, type Quick } from "../model/quick";
import { t } from "../words";
import { IconButton } from "./basics";
import { Icon } from "./icons";
import { useOutside } from "./menu";
import { QueryHelp } from "./query_help";
import { useKnown } from "./query_known";

interface QueryProps {
  folderId: string;
  below: boolean;
  value: string;
  error: unknown;
  /** Conditions that have a chip of their own elsewhere. */
  chips: readonly Quick[];
  apply: (query: string) => void;
}

const LIST = "query-offers";

export function QueryBox({ folderId, below, value, error, chips, apply }: QueryProps) {
  const [text, setText] = useState(value);
  const [help, setHelp] = useState(false);
  const [place, setPlace] = useState<Place | null>(null);
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const isComposing = useRef(false);
  useEffect(() => setText(value), [value]);
  useOutside(box, help || isOpen, () => {
    setHelp(false);
    setOpen(false);
  });
  const wrong = error instanceof ApiError && error.field === "where" && text === value ? error : null;
  const known = useKnown(folderId, below, place, help || wrong !== null);
  const today = new Date().toLocaleDateString("sv-SE"); // as ISO 8601 has it
  const offers = useMemo(() => (known && place ? offersAt(place, known, today) : []), [known, place, today]);
  const isShown = isOpen && !help && offers.length > 0;

  const look = () => {
    const input = field.current;
    if (!input || isComposing.current) return;
    setPlace(placeIn(input.value, input.selectionStart ?? input.value.length));
    setChosen(-1);
  };
  const open = () => {
    look();
    setOpen(true);
  };
  const write = (next: string, cursor = next.length) => {
    setText(next);
    const input = field.current;
    if (!input) return;
    input.value = next;
    input.focus();
    input.setSelectionRange(cursor, cursor);
  };
  const submit = (query: string) => {
    setHelp(false);
    setOpen(false);
    apply(query.trim());
  };
  const take = (offer: Offer) => {
    if (!place) return;
    const next = completed(text, place, offer);
    write(next.text, next.cursor);
    open();
    if (isWhole(offer) && next.cursor >= next.text.trimEnd().length && place.expected !== "list")
      apply(next.text.trim());
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing || isComposing.current) return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) {
      event.preventDefault();
      if (!isShown) open();
      else setChosen(((chosen + 1 + move + offers.length + 1) % (offers.length + 1)) - 1); // above the first: none
    } else if (event.key === "Enter" && isShown && offers[chosen]) {
      event.preventDefault();
      take(offers[chosen]);
    } else if (event.key === "Tab" && !event.shiftKey && isShown && text.trim() && (place?.typed || chosen >= 0)) {
      event.preventDefault();
      take((offers[chosen] ?? offers[0]) as Offer);
    } else if (event.key === "Tab") {
      setOpen(false);
    } else if (event.key === "Escape") {
      if (isShown || help) {
        setOpen(false);
        setHelp(false);
      } else event.currentTarget instanceof HTMLElement && event.currentTarget.blur();
    }
  };

  return (
    <div class="query" ref={box}>
      <form
        class={`query-box${wrong ? " wrong" : ""}`}
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isComposing.current) submit(text);
        }}
      >
        <Icon name="search" />
        <input
          ref={field}
          data-query
          class="mono"
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={isShown}
          aria-controls={LIST}
          aria-activedescendant={isShown && chosen >= 0 ? `${LIST}-${chosen}` : undefined}
          value={text}
          placeholder={t("list.query")}
          aria-label={t("list.query.label")}
          aria-invalid={!!wrong}
          aria-describedby={wrong ? "query-error" : undefined}
          onCompositionStart={() => {
            isComposing.current = true;
          }}
          onCompositionEnd={(event) => {
            isComposing.current = false;
            setText(event.currentTarget.value);
            open();
          }}
          onInput={(event) => {
            setText(event.currentTarget.value);
            open();
          }}
          onFocus={open}
          onClick={open}
          onKeyUp={(event) => {
            if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) look();
          }}
          onBlur={() => setPlace(null)}
          onKeyDown={onKey}
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
              submit("");
            }}
          />
        )}
        <IconButton icon="help" label={t("list.query.help")} expanded={help} onClick={() => setHelp(!help)} />
      </form>
      <Offers offers={isShown ? offers : []} isPart={known?.more ?? false} chosen={chosen} take={take} />
      {wrong && (
        <Mistake
          value={value}
          error={wrong}
          known={known}
          ask={(query) => {
            write(query);
            submit(query);
          }}
        />
      )}
      {help && (
        <QueryHelp
          typed={tokenAt(text)}
          known={known}
          insert={(piece) => write(text.trim() ? `${text.trimEnd()} ${piece} ` : `${piece} `)}
          ask={(query) => {
            write(query);
            submit(query);
          }}
        />
      )}
      <Chips value={value} chips={chips} apply={submit} />
    </div>
  );
}

function tokenAt(text: string): string {
  return placeIn(text, text.length).typed;
}

interface OffersProps {
  offers: Offer[];
  /** Only the newest trials were counted. */
  isPart: boolean;
  chosen: number;
  take: (offer: Offer) => void;
}

function Offers({ offers, isPart, chosen, take }: OffersProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }), [chosen]);
  return (
    <div
      ref={list}
      id={LIST}
      role="listbox"
      aria-label={t("filter.offers")}
      class={offers.length ? "panel query-offers" : "query-offers"}
      hidden={!offers.length}
    >
      {offers.map((offer, at) => (
        // The field keeps the focus and has the keys.
        // biome-ignore lint/a11y/useKeyWithClickEvents: see above
        // biome-ignore lint/a11y/useFocusableInteractive: see above
        <div
          key={`${offer.kind} ${offer.text}`}
          id={`${LIST}-${at}`}
          role="option"
          aria-selected={at === chosen}
          class={`offer${at === chosen ? " chosen" : ""}`}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => take(offer)}
        >
          <span class="mono clip">{offer.text}</span>
          <span class="soft">
            {offer.note && t(offer.note)}
            {offer.count?.toLocaleString("en-US")}
            {offer.count && isPart ? "+" : ""}
          </span>
        </div>
      ))}
    </div>
  );
}

interface MistakeProps {
  value: string;
  error: ApiError;
  known: Known | null;
  ask: (query: string) => void;
}

/** What is wrong, where, and what can be written instead: a field of these trials if one is like it. */
function Mistake({ value, error, known, ask }: MistakeProps) {
  const end = tokensOf(value).find(({ start }) => start === error.position)?.end ?? (error.position ?? 0) + 1;
  const instead = known && error.position !== null ? meant(value, error.position, known) : [];
  return (
    <div class="query-error" id="query-error" role="alert">
      {error.position !== null && (
        <code aria-hidden="true">
          {value.slice(0, error.position)}
          <mark>{value.slice(error.position, end) || " "}</mark>
          {value.slice(end)}
        </code>
      )}
      <span>
        {error.message}
        {!instead.length && error.hint && <span class="soft"> · {error.hint}</span>}
      </span>
      {instead.length > 0 && (
        <span class="row">
          <span class="soft">{t("filter.meant")}</span>
          {instead.map(({ field, query }) => (
            <button key={field} type="button" class="chip mono" onClick={() => ask(query)}>
              {field}
            </button>
          ))}
        </span>
      )}
    </div>
  );
}

/** What else is asked for, condition by condition, each of which can be taken away. */
function Chips({ value, chips, apply }: Pick<QueryProps, "value" | "chips" | "apply">) {
  const conditions = conditionsOf(value)
    .map((condition, at) => ({ condition, at }))
    .filter(({ condition }) => !isSaid(condition, chips));
  if (!conditions.length) return null;
  return (
    <ul class="chips" aria-label={t("filter.active")}>
      {conditions.map(({ condition, at }) => (
        <li key={`${at} ${condition}`} class="chip active-chip mono">
          <span class="clip" title={condition}>
            {condition}
          </span>
          <IconButton
            icon="close"
            size={12}
            label={t("filter.remove", { condition })}
            onClick={() => apply(withoutCondition(value, at))}
          />
        </li>
      ))}
    </ul>
  );
}
