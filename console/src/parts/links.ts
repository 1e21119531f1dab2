/** The address of what is shown, to be handed on: a short one where the server keeps one. */

import { shorten } from "../api/addresses";
import { getTrial } from "../api/trials";
import { formatRoute, type Route, splitNames } from "../model/route";
import { ROOT } from "../state/folders";
import { mayWrite } from "../state/rights";
import { route } from "../state/route";
import { session } from "../state/session";
import { t } from "../words";
import { notify } from "./toasts";

/** The page of short addresses: `#/v/<id>`. Public links are `#/s/<key>`, so that the two are never taken for each other. */
export const SHORT_PAGE = "v";

/** The folder whose viewers may open an address. */
async function folderOf({ page, id, query }: Route): Promise<string> {
  if (page === "" || page === "folders" || page === "reports") return id || ROOT;
  const trial = page === "trials" ? id : splitNames(query.get("trials"))[0];
  return trial ? (await getTrial(trial)).folder.id : ROOT;
}

/** The address of a page as it is now, short if it says more than which page it is and may be kept. */
export async function linkOf(shown: Route): Promise<string> {
  const long = formatRoute(shown.page, shown.id, shown.query);
  const whole = (hash: string) => new URL(hash, location.href).href;
  if (![...shown.query.keys()].length || session.value?.kind !== "user" || !mayWrite()) return whole(long);
  try {
    const { id } = await shorten(await folderOf(shown), long);
    return whole(formatRoute(SHORT_PAGE, id));
  } catch {
    return whole(long); // it says the same
  }
}

export async function copyText(text: Promise<string>): Promise<void> {
  const address = await text;
  try {
    await navigator.clipboard.writeText(address);
    notify(t("chart.link.done"));
  } catch {
    notify(address);
  }
}

export function copyPageLink(): void {
  void copyText(linkOf(route.value));
}
