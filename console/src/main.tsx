import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/parts.css";
import "./styles/table.css";
import "./styles/trial.css";
import "./styles/charts.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app";
import { route, startRouting } from "./state/route";
import { startSession } from "./state/session";
import { startSettings } from "./state/settings";

startSettings();
startRouting();
if (!route.value.query.has("token")) void startSession();
// An address with a token may be put into a page that is open already: then only what is behind the # changes.
effect(() => {
  if (route.value.query.has("token")) void startSession();
});
const place = document.getElementById("console");
if (place) render(<App />, place);
