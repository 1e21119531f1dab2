/** Which columns a list shows: facts, parameters, metrics and which value of them. */

import { useRef, useState } from "preact/hooks";
import { trialColumns } from "../api/trials";
import type { TrialColumns } from "../api/types";
import { AGGREGATES, type Aggregate, type Column, FACTS, metricColumn } from "../model/columns";
import { joinNames } from "../model/route";
import { setQuery } from "../state/route";
import { t } from "../words";
import { errorText, Skeleton } from "./basics";
import { Icon } from "./icons";
import { focusNow, useLoaded } from "./load";
import { useOutside } from "./menu";

interface ChooserProps {
  folderId: string;
  columns: Column[];
  chosen: boolean;
}

export function ColumnChooser(props: ChooserProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useOutside(box, open, () => setOpen(false));
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    setOpen(false);
    box.current?.querySelector("button")?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes what is inside
    <div class="menu" ref={box} onKeyDown={onKey}>
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="columns" />
        {t("list.columns")}
      </button>
      {open && <Panel {...props} />}
    </div>
  );
}

function Panel({ folderId, columns, chosen }: ChooserProps) {
  const names = useLoaded(folderId, (signal) => trialColumns(folderId, signal));
  const [filter, setFilter] = useState("");
  const ids = columns.map((column) => column.id);
  const show = (next: string[]) => setQuery({ columns: joinNames(next) });
  const flip = (id: string) => show(ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id]);
  const fits = (name: string) => name.toLowerCase().includes(filter.trim().toLowerCase());
  return (
    <div class="panel columns-panel">
      <div class="row">
        <input
          ref={focusNow}
          type="search"
          placeholder={t("common.search")}
          aria-label={t("common.search")}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <button type="button" class="quiet" disabled={!chosen} onClick={() => setQuery({ columns: null })}>
          {t("list.columns.auto")}
        </button>
      </div>
      {names.error ? <p class="bad">{errorText(names.error)}</p> : null}
      {names.loading && <Skeleton lines={5} />}
      <Names title={t("list.columns.facts")}>
        {FACTS.filter((fact) => fact !== "name" && fits(t(`column.${fact}`))).map((fact) => (
          <Choice key={fact} label={t(`column.${fact}`)} on={ids.includes(fact)} flip={() => flip(fact)} />
        ))}
      </Names>
      {names.data && <Recorded data={names.data} fits={fits} columns={columns} ids={ids} flip={flip} show={show} />}
    </div>
  );
}

interface RecordedProps {
  data: TrialColumns;
  fits: (name: string) => boolean;
  columns: Column[];
  ids: string[];
  flip: (id: string) => void;
  show: (ids: string[]) => void;
}

function Recorded({ data, fits, columns, ids, flip, show }: RecordedProps) {
  const parameters = [...data.parameters]
    .sort((one, other) => Number(other.varies) - Number(one.varies))
    .filter(({ name }) => fits(name));
  return (
    <>
      <Names title={t("list.columns.metrics")}>
        {data.metrics
          .filter(({ name }) => fits(name))
          .map(({ name }) => {
            const on = columns.find((column) => column.kind === "metric" && column.name === name);
            const choose = (aggregate: Aggregate) =>
              show(ids.map((id) => (id === on?.id ? metricColumn(name, aggregate) : id)));
            return (
              <Choice key={name} label={name} on={!!on} flip={() => flip(on?.id ?? metricColumn(name))}>
                {on?.kind === "metric" && (
                  <select
                    aria-label={name}
                    value={on.aggregate}
                    onChange={(event) => choose(event.currentTarget.value as Aggregate)}
                  >
                    {AGGREGATES.map((one) => (
                      <option key={one} value={one}>
                        {t(`metric.${one}` as "metric.last")}
                      </option>
                    ))}
                  </select>
                )}
              </Choice>
            );
          })}
      </Names>
      <Names title={t("list.columns.params")}>
        {parameters.map(({ name, varies }) => (
          <Choice key={name} label={name} on={ids.includes(`params.${name}`)} flip={() => flip(`params.${name}`)}>
            {!varies && <span class="soft small">{t("list.columns.same")}</span>}
          </Choice>
        ))}
      </Names>
    </>
  );
}

function Names({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <fieldset>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

function Choice({
  label,
  on,
  flip,
  children,
}: {
  label: string;
  on: boolean;
  flip: () => void;
  children?: preact.ComponentChildren;
}) {
  return (
    <div class="choice">
      <label class="check">
        <input type="checkbox" checked={on} onChange={flip} />
        <span class="clip">{label}</span>
      </label>
      {children}
    </div>
  );
}
