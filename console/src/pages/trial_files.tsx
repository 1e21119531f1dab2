/** All files of a trial, to be downloaded. They are never shown in the page: they are other people's. */

import { fileAddress } from "../api/trials";
import type { TrialDetail } from "../api/types";
import { formatBytes } from "../model/format";
import { Empty } from "../parts/basics";
import { Icon } from "../parts/icons";
import { t } from "../words";

export function FilesTab({ trial }: { trial: TrialDetail }) {
  const files = Object.entries(trial.files).sort(([one], [other]) => one.localeCompare(other));
  if (!files.length) return <Empty title={t("trial.files.none")} />;
  return (
    <section class="card">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{t("common.name")}</th>
            <th scope="col" class="number">
              {t("trial.files.size")}
            </th>
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          {files.map(([name, file]) => (
            <tr key={name}>
              <th scope="row">
                <span class="row">
                  <Icon name="file" />
                  {name}
                </span>
              </th>
              <td class="number">{formatBytes(file.offset)}</td>
              <td class="end">
                <a
                  class="button"
                  href={fileAddress(trial.id, name)}
                  download={name}
                  aria-label={`${t("common.download")} ${name}`}
                >
                  <Icon name="download" />
                  {t("common.download")}
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
