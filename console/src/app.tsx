/** The frame around all pages: who is signed in, which page, shortcuts, dialogs and notices. */

import { useEffect } from "preact/hooks";
import { FolderPage } from "./pages/folder";
import { LoginPage } from "./pages/login";
import { ShortPage } from "./pages/short";
import { Empty, Failure } from "./parts/basics";
import { ConfirmDialog, Dialogs } from "./parts/dialog";
import { later, loadRest } from "./parts/later";
import { SHORT_PAGE } from "./parts/links";
import { Shell } from "./parts/shell";
import { startShortcuts } from "./parts/shortcuts";
import { Toasts } from "./parts/toasts";
import { route } from "./state/route";
import { enter, offeredLink, session, startFailed, startSession } from "./state/session";
import { watched } from "./state/watched";
import { t } from "./words";

// The list of a folder comes first; what draws charts comes when it is needed.
const ArtifactPage = later(() => import("./pages/artifact").then((part) => part.ArtifactPage));
const ComparePage = later(() => import("./pages/compare").then((part) => part.ComparePage));
const KeysPage = later(() => import("./pages/keys").then((part) => part.KeysPage));
const ReportPage = later(() => import("./pages/report").then((part) => part.ReportPage));
const SharedPage = later(() => import("./pages/shared").then((part) => part.SharedPage));
const TrashPage = later(() => import("./pages/trash").then((part) => part.TrashPage));
const TrialPage = later(() => import("./pages/trial").then((part) => part.TrialPage));

/** Whoever has a link has no folders, only what it shares. */
function HomePage() {
  return session.value?.kind === "link" ? <SharedPage /> : <FolderPage key="root" id="root" />;
}

function Page() {
  const { page, id } = route.value;
  if (page === "" || page === "login" || (page === "folders" && !id)) return <HomePage />;
  if (page === "folders") return <FolderPage key={id} id={id} />;
  if (page === "trials" && id) return <TrialPage key={id} id={id} />;
  if (page === "artifacts" && id) return <ArtifactPage key={id} id={id} />;
  if (page === SHORT_PAGE && id) return <ShortPage key={id} id={id} />;
  if (page === "reports" && id) return <ReportPage key={id} id={id} />;
  if (page === "compare") return <ComparePage />;
  if (page === "shared") return <SharedPage />;
  if (page === "trash") return <TrashPage />;
  if (page === "keys") return <KeysPage />;
  return (
    <Empty title={t("error.page")}>
      <a href="#/">{t("error.home")}</a>
    </Empty>
  );
}

/** Whether this tab looks after notifications, or waits to. */
let isStarted = false;

export function App() {
  useEffect(startShortcuts, []);
  useEffect(loadRest, []);
  const isWatching = session.value !== null && session.value !== undefined && watched.value.length > 0;
  useEffect(() => {
    if (isWatching && !isStarted) {
      isStarted = true;
      void import("./parts/notifications").then(({ startNotifications }) => startNotifications());
    }
  }, [isWatching]);
  if (startFailed.value) return <Failure error={startFailed.value} retry={() => void startSession()} />;
  if (session.value === undefined) return null;
  if (session.value === null) {
    return (
      <>
        <LoginPage />
        <Toasts />
      </>
    );
  }
  return (
    <>
      <Shell>
        <Page />
      </Shell>
      <Dialogs />
      <LinkOffer />
      <Toasts />
    </>
  );
}

/** Who is signed in and opens a public link may look at it as everybody does. */
function LinkOffer() {
  const key = offeredLink.value;
  if (!key) return null;
  return (
    <ConfirmDialog
      title={t("link.offer")}
      text={t("link.offer.text", { name: session.value?.user ?? "" })}
      submit={t("link.offer.open")}
      action={() => enter(key)}
      close={() => {
        offeredLink.value = null;
      }}
    />
  );
}
