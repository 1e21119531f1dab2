// The console, for now: a trial, and lists of trials. Every text from the server becomes a text node, never markup.
"use strict";

const API = new URL("../server/apis/v2/", location.href.split("#")[0]);
const KEY = "aimd_api_key";
const page = document.getElementById("page");
const crumbs = document.getElementById("crumbs");
const signOut = document.getElementById("sign-out");

class NotSignedIn extends Error {}

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

async function ask(path) {
  const key = sessionStorage.getItem(KEY);
  if (!key) throw new NotSignedIn("");
  const answer = await fetch(new URL(path, API), { headers: { Authorization: `Bearer ${key}` } });
  if (answer.status === 401) {
    sessionStorage.removeItem(KEY);
    throw new NotSignedIn("The server does not take this key.");
  }
  const body = await answer.json();
  if (!answer.ok) throw new Error(answer.status === 404 ? "Not here, or not for you to see." : body.error.message);
  return body;
}

function number(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return String(Number(value.toPrecision(6)));
}

function time(text) {
  if (!text) return "–";
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? String(text) : moment.toLocaleString();
}

function plain(value) {
  if (value === null || value === undefined || value === "") return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function state(value) {
  const kind = { Succeeded: "good", Failed: "bad", Killed: "bad", Lost: "bad", Running: "busy" }[value] || "";
  return element("span", { class: `state ${kind}` }, value || "Unknown");
}

function folderLink(folder) {
  return element("a", { href: `#/folders/${encodeURIComponent(folder.id)}/` }, folder.path);
}

function card(title, content) {
  return element("section", {}, element("h2", {}, title), element("div", { class: "scroll" }, content));
}

function facts(pairs) {
  const rows = pairs.map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value instanceof Node ? value : plain(value))));
  return rows.length ? element("table", {}, element("tbody", {}, ...rows)) : element("p", { class: "soft" }, "None.");
}

function grid(heads, rows) {
  const head = heads.map(([name, kind]) => element("th", { scope: "col", class: kind }, name));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell, at) => element("td", { class: heads[at][1] }, cell))));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
}

function metricsTable(metrics) {
  const names = Object.keys(metrics);
  if (!names.length) return element("p", { class: "soft" }, "None yet.");
  const columns = ["last", "min", "max", "mean", "count", "last_step"];
  const heads = [["metric", ""], ...columns.map((name) => [name.replace("_", " "), "number"])];
  return grid(heads, names.map((name) => [name, ...columns.map((column) => number(metrics[name][column]))]));
}

function flat(value, prefix = "") {
  return Object.entries(value || {}).flatMap(([name, item]) =>
    item && typeof item === "object" && !Array.isArray(item) && Object.keys(item).length
      ? flat(item, `${prefix}${name}.`) : [[`${prefix}${name}`, item]]);
}

async function showTrial(id) {
  const trial = await ask(`trials/${encodeURIComponent(id)}`);
  const { pypkgs, ...platform } = trial.metadata.platform || {};
  const files = Object.entries(trial.files).map(([name, file]) => [name, `${number(file.offset)} bytes`]);
  document.title = `${trial.name} · AIMD`;
  crumbs.replaceChildren(folderLink(trial.folder));
  page.replaceChildren(
    element("h1", {}, trial.name, " ", state(trial.state || trial.status)),
    card("Metrics", metricsTable(trial.metrics)),
    element("div", { class: "grid" },
      card("Trial", facts([["folder", folderLink(trial.folder)], ["owner", trial.owner], ["started", time(trial.started)],
        ["ended", time(trial.ended)], ["updated", time(trial.updated)],
        ["id", element("span", { class: "mono" }, trial.id)], ...files])),
      card("Parameters", facts(flat(trial.parameters))),
      card("Platform", facts(flat(platform))),
      card("Git", facts(flat(trial.metadata._git))),
      card("Packages", facts(Object.entries(pypkgs || {})))));
}

function headline(trial) {
  const names = Object.keys(trial.metrics);
  const name = names.find((key) => /acc/i.test(key)) || names[0];
  return name ? `${name} ${number(trial.metrics[name].last)}` : "–";
}

function trialRow(trial) {
  return [element("a", { href: `#/trials/${encodeURIComponent(trial.id)}/` }, trial.name), state(trial.state || trial.status),
    folderLink(trial.folder), time(trial.started), headline(trial)];
}

async function showList(folderId) {
  const query = new URLSearchParams({ limit: "100", ...(folderId && folderId !== "root" ? { folder_id: folderId } : {}) });
  const heads = [["name", ""], ["state", ""], ["folder", ""], ["started", ""], ["metric", ""]];
  const found = [];
  const more = element("button", { type: "button" }, "More");
  const table = element("div", { class: "scroll" });
  const load = async () => {
    const answer = await ask(`trials?${query}`);
    found.push(...answer.trials);
    query.set("cursor", answer.next || "");
    more.hidden = !answer.next;
    const nothing = element("p", { class: "soft" }, "No trials here yet. Upload one: aimd trial upload -n NAME");
    table.replaceChildren(found.length ? grid(heads, found.map(trialRow)) : nothing);
  };
  await load();
  more.addEventListener("click", () => load().catch(fail));
  document.title = "Trials · AIMD";
  const here = found.find((trial) => trial.folder.id === folderId);
  crumbs.replaceChildren(here ? here.folder.path : "");
  page.replaceChildren(element("h1", {}, "Trials"), element("section", {}, table), more);
}

function showSignIn(message) {
  const input = element("input", { type: "password", id: "key", autocomplete: "off", spellcheck: "false", required: "" });
  const form = element("form", {}, element("label", { for: "key" }, "API key"), input,
    message ? element("p", { class: "error", role: "alert" }, message) : null,
    element("button", { type: "submit" }, "Show"),
    element("p", { class: "soft" }, "It stays in this tab and is forgotten when the tab closes. "
      + "Make one where the server runs: aimd server key create --user NAME"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, input.value.trim().toLowerCase());
    show();
  });
  crumbs.replaceChildren();
  document.title = "Sign in · AIMD";
  page.replaceChildren(element("section", {}, element("h1", {}, "Sign in"), form));
  input.focus();
}

function fail(error) {
  if (error instanceof NotSignedIn) return showSignIn(error.message);
  page.replaceChildren(element("section", {}, element("p", { class: "error", role: "alert" }, error.message)));
}

async function show() {
  const [address] = location.hash.slice(1).split("?");
  const [, kind, id] = address.split("/").map(decodeURIComponent);
  try {
    if (kind === "trials" && id) await showTrial(id);
    else if (!kind || kind === "folders") await showList(id);
    else throw new Error("There is no such page.");
  } catch (error) {
    fail(error);
  }
  signOut.hidden = !sessionStorage.getItem(KEY);
}

signOut.addEventListener("click", () => {
  sessionStorage.removeItem(KEY);
  show();
});
addEventListener("hashchange", show);
show();
