/** Where a filter matches nothing: which of its fields no trial has, and those that may be meant. */

import { unknownFields } from "../model/meant";
import { setQuery } from "../state/route";
import { t } from "../words";
import { Empty } from "./basics";
import { useKnown } from "./query_known";

interface NothingProps {
  folderId: string;
  below: boolean;
  where: string;
}

export function NothingFound({ folderId, below, where }: NothingProps) {
  const known = useKnown(folderId, below, null, true);
  const unknown = known ? unknownFields(where, known) : [];
  return (
    <Empty title={t("list.nothing")} next={unknown.length ? "" : t("list.nothing.next")}>
      {unknown.map(({ field, instead }) => (
        <p key={field}>
          {t(known?.more ? "filter.unknown.newest" : "filter.unknown", { name: field })}{" "}
          {instead.length > 0 && t("filter.meant")}{" "}
          {instead.map(({ field: other, query }) => (
            <button key={other} type="button" class="chip mono" onClick={() => setQuery({ where: query }, true)}>
              {other}
            </button>
          ))}
        </p>
      ))}
      <button type="button" onClick={() => setQuery({ where: null })}>
        {t("list.query.clear")}
      </button>
    </Empty>
  );
}
