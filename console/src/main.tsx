import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/parts.css";
import "./styles/table.css";
import "./styles/trial.css";
import "./styles/charts.css";
import { render } from "preact";
import { App } from "./app";
import { startRouting } from "./state/route";
import { startSession } from "./state/session";
import { startSettings } from "./state/settings";

startSettings();
startRouting();
void startSession();
const place = document.getElementById("console");
if (place) render(<App />, place);
