/** The navigation beside every page. */

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { here, ROOT } from "../state/folders";
import { route } from "../state/route";
import { leave, session } from "../state/session";
import { chooseLanguage, sidebar, type Theme, theme, uncover } from "../state/settings";
import { LANGUAGES, type Language, language, t } from "../words";
import { IconButton } from "./basics";
import { Icon, type IconName } from "./icons";
import { Menu } from "./menu";
import { openHelp } from "./shortcuts";
import { notifyError } from "./toasts";
import { Tree } from "./tree";

function Place({ page, icon, label }: { page: string; icon: IconName; label: string }) {
  const here = route.value.page === page;
  return (
    <a class={`nav-place${here ? " current" : ""}`} href={`#/${page}`} aria-current={here ? "page" : undefined}>
      <Icon name={icon} />
      <span>{label}</span>
    </a>
  );
}

const THEMES: Theme[] = ["auto", "light", "dark"];

export function settingsItems() {
  return [
    ...THEMES.map((one, at) => ({
      label: t(`settings.theme.${one}`),
      checked: theme.value === one,
      action: () => {
        theme.value = one;
      },
      ...(at === 0 ? { heading: t("settings.theme") } : {}),
    })),
    ...(Object.keys(LANGUAGES) as Language[]).map((one, at) => ({
      label: LANGUAGES[one],
      checked: language.value === one,
      action: () => void chooseLanguage(one).catch(notifyError),
      ...(at === 0 ? { heading: t("settings.language") } : {}),
    })),
  ];
}

function Account() {
  const name = session.value?.user ?? "";
  const items = [
    ...settingsItems(),
    { label: t("settings.help"), action: openHelp, heading: name },
    // Local trials are not signed in to: the address of `aimd console` works once.
    ...(session.value?.kind === "local"
      ? []
      : [{ label: t("login.out"), action: () => void leave().catch(notifyError) }]),
  ];
  const face = (
    <>
      <span class="face" aria-hidden="true" data-initial={[...name][0]?.toUpperCase()} />
      <span class="face-name">{name}</span>
    </>
  );
  return <Menu class="account" label={`${name}: ${t("settings.account")}`} text={face} items={items} up />;
}

export function Shell({ children }: { children: ComponentChildren }) {
  const { page, id } = route.value;
  const kind = session.value?.kind;
  const isInFolder = page === "trials" || page === "artifacts";
  const current = page === "" ? ROOT : page === "folders" ? id || ROOT : isInFolder ? (here.value?.id ?? "") : "";
  useEffect(uncover, [page, id]);
  return (
    <div class={`shell${sidebar.value ? "" : " no-nav"}`}>
      <a class="skip" href={location.hash} onClick={skip}>
        {t("app.skip")}
      </a>
      <nav class="nav" aria-label={t("nav.menu")}>
        <div class="nav-head">
          <a class="brand" href="#/">
            <Logo />
            {t("app.name")}
          </a>
          <IconButton icon="menu" label={t("nav.toggle")} onClick={toggle} expanded />
        </div>
        <div class="nav-scroll">
          {kind !== "link" && <Tree current={current} />}
          <div class="nav-places">
            {kind !== "local" && <Place page="shared" icon="shared" label={t("nav.shared")} />}
            {kind === "user" && <Place page="trash" icon="trash" label={t("nav.trash")} />}
            {kind === "user" && <Place page="keys" icon="key" label={t("nav.keys")} />}
          </div>
        </div>
        <div class="nav-foot">
          <Account />
          <IconButton icon="help" label={t("settings.help")} onClick={openHelp} />
        </div>
      </nav>
      <button type="button" class="shade" aria-label={t("nav.toggle")} tabIndex={-1} onClick={toggle} />
      <main class="main" id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function toggle(): void {
  sidebar.value = !sidebar.value;
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

export function Logo() {
  return (
    <svg class="logo" width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M6 8c5 0 4 14 10 14s6-6 10-6" />
    </svg>
  );
}

interface HeadProps {
  crumbs?: ComponentChildren;
  title: ComponentChildren;
  actions?: ComponentChildren;
  below?: ComponentChildren;
}

/** The head of a page: where it is, what it is, what can be done. */
export function Head({ crumbs, title, actions, below }: HeadProps) {
  return (
    <header class="head">
      <div class="head-row">
        {!sidebar.value && <IconButton icon="menu" label={t("nav.toggle")} onClick={toggle} expanded={false} />}
        <div class="head-title">
          {crumbs}
          <h1>{title}</h1>
        </div>
        <div class="head-actions">{actions}</div>
      </div>
      {below}
    </header>
  );
}
