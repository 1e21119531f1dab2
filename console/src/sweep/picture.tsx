/** The frame of a picture of a sweep: its name, its tools, a sentence for who hears it, and the same as a table. */

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { colours } from "../charts/palette";
import { formatRoute } from "../model/route";
import type { FieldData } from "../model/sweep";
import { BothEnds, Names } from "../parts/basics";
import { Menu } from "../parts/menu";
import { notifyError } from "../parts/toasts";
import { dark } from "../state/settings";
import { t } from "../words";
import { ranked, type SweepData } from "./data";
import type { Scene, SceneLook } from "./export";
import { FieldCells, FieldHeads } from "./fields";

const MOST_ROWS = 200;

interface PictureProps {
  title: string;
  told: string;
  /** What is left out. */
  notes: string[];
  tools?: ComponentChildren;
  table: { fields: FieldData[]; data: SweepData };
  /** What a file shows; null while nothing is drawn. */
  scene: (part: Export, look: SceneLook) => Scene | null;
  children: ComponentChildren;
}

type Export = typeof import("./export");

export function Picture({ title, told, notes, tools, table, scene, children }: PictureProps) {
  const [isTable, setTable] = useState(false);
  const card = useRef<HTMLElement>(null);
  const saved = (work: (part: Export) => unknown) => void import("./export").then(work).catch(notifyError);
  const draw = (kind: "png" | "svg") =>
    saved((part) => {
      const look = { ...colours(card.current as HTMLElement), isDark: dark.value };
      const drawn = scene(part, look);
      return drawn && part.saveScene(drawn, title, look, kind);
    });
  const files = [
    // As a table, nothing is drawn.
    ...(isTable
      ? []
      : [
          { label: t("chart.png"), action: () => draw("png") },
          { label: t("chart.svg"), action: () => draw("svg") },
        ]),
    { label: t("chart.csv"), action: () => saved((part) => part.saveRows(table.fields, table.data, title)) },
  ];
  const left = [...new Set(notes)];
  return (
    <section class="card sweep-part" aria-label={title} ref={card}>
      <div class="sweep-head">
        <h3>{title}</h3>
        <span class="grow" />
        {tools}
        <button type="button" class="quiet" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          {t("sweep.table")}
        </button>
        <Menu icon="download" label={t("chart.download", { name: title })} items={files} />
      </div>
      <p class="told">{told}</p>
      {isTable ? <Rows {...table} label={title} /> : children}
      {left.length > 0 && <p class="soft small">{left.join(" · ")}</p>}
    </section>
  );
}

/** The trials within the ranges with the fields of a picture, the best first. */
function Rows({ fields, data, label }: { fields: FieldData[]; data: SweepData; label: string }) {
  const best = ranked(data);
  const there = new Set(best);
  const rest = [...data.within.keys()].filter((at) => data.within[at] && !there.has(at));
  const rows = [...best, ...rest];
  return (
    <div class="scroll sweep-rows">
      <table class="plain" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{t("common.name")}</th>
            <FieldHeads fields={fields} />
          </tr>
        </thead>
        <tbody>
          <Names names={rows.slice(0, MOST_ROWS).map((at) => data.trials[at]?.name ?? "")}>
            {rows.slice(0, MOST_ROWS).map((at) => {
              const trial = data.trials[at];
              return (
                trial && (
                  <tr key={trial.id}>
                    <th scope="row">
                      <a href={formatRoute("trials", trial.id)} class="clip">
                        <BothEnds text={trial.name} />
                      </a>
                    </th>
                    <FieldCells fields={fields} at={at} />
                  </tr>
                )
              );
            })}
          </Names>
        </tbody>
      </table>
      {rows.length > MOST_ROWS && <p class="soft">{t("sweep.table.first", { n: MOST_ROWS, all: rows.length })}</p>}
    </div>
  );
}
