import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/parts.css";
import "./styles/table.css";
import "./styles/trial.css";
import "./styles/charts.css";
import "./styles/sweep.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app";
import { route, startRouting } from "./state/route";
import { hasProof, startSession } from "./state/session";
import { startSettings } from "./state/settings";

const words = startSettings();
startRouting();
if (!hasProof(route.value)) void startSession();
// An address with a token or a link's key may be put into a page that is open already: then only what is behind the #
// changes.
effect(() => {
  if (hasProof(route.value)) void startSession();
});
const place = document.getElementById("console");
// Without its words, the page is in English.
if (place) void words.catch(() => {}).then(() => render(<App />, place));
