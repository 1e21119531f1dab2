/** Files with their sizes: each can be looked at and downloaded. */

import type { ComponentChildren } from "preact";
import { formatBytes } from "../model/format";
import { t } from "../words";
import { Icon } from "./icons";
import { openPreview, type PreviewedFile } from "./preview";

/** How many files there are, with how many bytes. */
export function filesWord(count: number, bytes: number): string {
  const size = formatBytes(bytes);
  return count === 1 ? t("trial.files.total.one", { size }) : t("trial.files.total", { n: count, size });
}

export function FileTable({ children }: { children: ComponentChildren }) {
  return (
    <div class="scroll">
      <table class="plain files">
        <thead>
          <tr>
            <th scope="col">{t("common.name")}</th>
            <th scope="col" class="number">
              {t("trial.files.size")}
            </th>
            <th scope="col" />
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export function FileRow({ file }: { file: PreviewedFile }) {
  const { name, bytes, address } = file;
  return (
    <tr>
      <th scope="row">
        <button
          type="button"
          class="link row"
          aria-label={`${t("preview.open")} ${name}`}
          onClick={() => openPreview(file)}
        >
          <Icon name="file" />
          {name}
        </button>
      </th>
      <td class="number">{formatBytes(bytes)}</td>
      <td class="end">
        <a
          class="button"
          href={address}
          download={name.split("/").at(-1)}
          aria-label={`${t("common.download")} ${name}`}
        >
          <Icon name="download" />
          {t("common.download")}
        </a>
      </td>
    </tr>
  );
}
