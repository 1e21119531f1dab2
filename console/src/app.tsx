/** The frame around all pages: who is signed in, which page, shortcuts, dialogs and notices. */

import { useEffect } from "preact/hooks";
import { ComparePage } from "./pages/compare";
import { FolderPage } from "./pages/folder";
import { KeysPage } from "./pages/keys";
import { LoginPage } from "./pages/login";
import { SharedPage } from "./pages/shared";
import { TrashPage } from "./pages/trash";
import { TrialPage } from "./pages/trial";
import { Empty, Failure } from "./parts/basics";
import { Dialogs } from "./parts/dialog";
import { Shell } from "./parts/shell";
import { startShortcuts } from "./parts/shortcuts";
import { Toasts } from "./parts/toasts";
import { route } from "./state/route";
import { session, startFailed, startSession } from "./state/session";
import { t } from "./words";

/** Whoever has a link has no folders, only what it shares. */
function HomePage() {
  return session.value?.kind === "link" ? <SharedPage /> : <FolderPage key="root" id="root" />;
}

function Page() {
  const { page, id } = route.value;
  if (page === "" || page === "login" || (page === "folders" && !id)) return <HomePage />;
  if (page === "folders") return <FolderPage key={id} id={id} />;
  if (page === "trials" && id) return <TrialPage key={id} id={id} />;
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

export function App() {
  useEffect(startShortcuts, []);
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
      <Toasts />
    </>
  );
}
