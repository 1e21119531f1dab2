/** The filter of metrics: words or a `/regular expression/`, with what could be meant below it while one types. */

import { useId, useMemo, useRef, useState } from "preact/hooks";
import { metricFilter, suggestions } from "../model/metric_filter";
import { useOutside } from "../parts/menu";
import { route, setQuery } from "../state/route";
import { t } from "../words";

/** What the address filters metrics by. */
export function filterText(): string {
  return route.value.query.get("metrics") ?? "";
}

/** The filter of the address; of a mistaken expression the one before, so that what is shown stays. */
export function useMetricFilter() {
  const text = filterText();
  const last = useRef(metricFilter(""));
  return useMemo(() => {
    const filter = metricFilter(text);
    if (!filter.fault) last.current = filter;
    return last.current;
  }, [text]);
}

/** Its list is below it in the page, which the type of the role does not allow for. */
const COMBOBOX: object = { role: "combobox" };

export function MetricSearch({ metrics }: { metrics: string[] }) {
  const text = filterText();
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useOutside(box, isOpen, () => setOpen(false));
  const { fault } = metricFilter(text);
  const key = metrics.join("\n");
  const found = useMemo(() => (isOpen ? suggestions(metrics, text) : []), [isOpen, key, text]);
  const apply = (next: string) => {
    setAt(-1);
    setQuery({ metrics: next });
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = found[at];
    if (step) {
      setOpen(true);
      setAt(Math.max(-1, Math.min(found.length - 1, at + step)));
    } else if (event.key === "Enter" && chosen) apply(chosen.text);
    else if (event.key === "Escape" && isOpen) setOpen(false);
    else if (event.key === "Escape" && text) apply("");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isShown = isOpen && (found.length > 0 || !!fault);
  return (
    <div
      class="metric-search"
      ref={box}
      onFocusOut={(event) => !box.current?.contains(event.relatedTarget as Node) && setOpen(false)}
    >
      <input
        type="search"
        {...COMBOBOX}
        class={fault ? "wrong" : ""}
        placeholder={t("section.filter")}
        aria-label={t("trial.filter")}
        aria-expanded={isShown}
        aria-controls={`${id}-list`}
        aria-activedescendant={at >= 0 && isShown ? `${id}-${at}` : undefined}
        aria-invalid={!!fault}
        aria-describedby={fault ? `${id}-fault` : undefined}
        autocomplete="off"
        spellcheck={false}
        maxLength={500}
        value={text}
        onFocus={() => setOpen(true)}
        onKeyDown={keys}
        onInput={(event) => {
          setOpen(true);
          apply(event.currentTarget.value);
        }}
      />
      {fault && (
        <p class="field-error metric-fault" id={`${id}-fault`} role="alert">
          {t("section.fault", { fault })}
        </p>
      )}
      <div class={isShown && !fault ? "panel metric-suggestions" : "undrawn"}>
        <div role="listbox" id={`${id}-list`} aria-label={t("section.suggestions")}>
          {isShown &&
            !fault &&
            found.map((each, place) => (
              <div
                key={each.text}
                role="option"
                id={`${id}-${place}`}
                tabIndex={-1}
                class={place === at ? "menu-item at" : "menu-item"}
                aria-selected={place === at}
                onMouseDown={(event) => {
                  event.preventDefault(); // the field keeps the focus
                  apply(each.text);
                }}
              >
                <span class="clip">{each.text}</span>
                <span class="soft">{each.count > 1 && each.count}</span>
              </div>
            ))}
        </div>
        <p class="soft small">{t("section.filter.help")}</p>
      </div>
    </div>
  );
}
