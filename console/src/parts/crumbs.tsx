/** Where a page is: the folders above it, the nearest of which leads to what was looked at there. */

import type { Folder } from "../api/types";
import { ROOT } from "../state/folders";
import { addressOfFolder } from "../state/route";
import { homeWord } from "../state/session";
import { t } from "../words";

export function Crumbs({
  folder,
  linkLast = false,
}: {
  folder: Pick<Folder, "path" | "id" | "parent"> | undefined;
  linkLast?: boolean;
}) {
  const parts = folder?.path.split("/").filter(Boolean) ?? [];
  const shown = linkLast ? parts : parts.slice(0, -1);
  return (
    <nav class="crumbs" aria-label={t("nav.where")}>
      <a href={addressOfFolder(ROOT)}>{t(homeWord())}</a>
      {shown.slice(0, -1).map((part, at) => (
        <span key={`${at} ${part}`}>
          <i aria-hidden="true">/</i>
          {part}
        </span>
      ))}
      {shown.length > 0 && (
        <span>
          <i aria-hidden="true">/</i>
          <a href={addressOfFolder(linkLast ? folder?.id : folder?.parent)}>{shown.at(-1)}</a>
        </span>
      )}
    </nav>
  );
}
