/** Signing in with an API key. */

import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { Command, errorText } from "../parts/basics";
import { focusNow } from "../parts/load";
import { Menu } from "../parts/menu";
import { Logo, settingsItems } from "../parts/shell";
import { enter, isLocal, reason } from "../state/session";
import { t } from "../words";

export function LoginPage() {
  useEffect(() => {
    document.title = `${t("login.title")} · ${t("app.name")}`;
  });
  return (
    <main class="login">
      {isLocal.value ? <Closed /> : <KeyForm />}
      <div class="login-foot">
        <Menu
          label={`${t("settings.theme")} / ${t("settings.language")}`}
          text={`${t("settings.theme")} · ${t("settings.language")}`}
          items={settingsItems()}
          up
        />
      </div>
    </main>
  );
}

/** Local trials have no key: the address that `aimd console` prints lets one browser in. */
function Closed() {
  return (
    <div class="login-box">
      <div class="brand">
        <Logo />
        {t("app.name")}
      </div>
      <h1>{t(reason.value === "login.token" ? "login.local.used" : "login.local")}</h1>
      <p>{t("login.local.here")}</p>
      <p>{t("login.local.again")}</p>
      <Command text="aimd console" />
    </div>
  );
}

function KeyForm() {
  const [key, setKey] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await enter(key.trim().toLowerCase());
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const wrong = error instanceof ApiError && (error.status === 401 || error.status === 422);
  return (
    <form class="login-box" onSubmit={submit}>
      <div class="brand">
        <Logo />
        {t("app.name")}
      </div>
      <h1>{t("login.title")}</h1>
      {reason.value && !error && <p class="soft">{t(reason.value)}</p>}
      <label class="field">
        <span>{t("login.key")}</span>
        <input
          type="password"
          ref={focusNow}
          required
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
          autocomplete="current-password"
          spellcheck={false}
        />
      </label>
      {error !== null && (
        <p class="bad" role="alert">
          {wrong ? t("login.wrong") : errorText(error)}
        </p>
      )}
      <button type="submit" class="primary" disabled={busy}>
        {t("login.submit")}
      </button>
      <p class="soft small">{t("login.hint")}</p>
      <Command text="aimd server key create --user NAME" />
    </form>
  );
}
