/** API keys: made, shown once, revoked. */

import { useEffect, useState } from "preact/hooks";
import { apiBase } from "../api/client";
import { createKey, listKeys, revokeKey } from "../api/keys";
import type { Key, Scope } from "../api/types";
import { DASH, formatAgo, formatTime } from "../model/format";
import { Command, Empty, errorText, Failure, Skeleton } from "../parts/basics";
import { ConfirmDialog, closeDialog, Dialog, openDialog } from "../parts/dialog";
import { Icon } from "../parts/icons";
import { useLoaded } from "../parts/load";
import { Head } from "../parts/shell";
import { mayWrite } from "../state/rights";
import { now } from "../state/settings";
import { locale, t } from "../words";

const SCOPES: Scope[] = ["write", "upload", "read"];

export function KeysPage() {
  const keys = useLoaded("keys", listKeys);
  useEffect(() => {
    document.title = `${t("keys.title")} · ${t("app.name")}`;
  });
  const create = () => openDialog(<NewKeyDialog done={keys.reload} />);
  const action = mayWrite() && (
    <button type="button" class="primary" onClick={create}>
      <Icon name="plus" />
      {t("keys.new")}
    </button>
  );
  return (
    <div class="page">
      <Head title={t("keys.title")} actions={action} below={<p class="soft">{t("keys.about")}</p>} />
      {keys.error ? <Failure error={keys.error} retry={keys.reload} /> : null}
      {keys.loading && <Skeleton />}
      {keys.data?.length === 0 && <Empty title={t("keys.none")} next={t("keys.none.next")} />}
      {keys.data && keys.data.length > 0 && <KeyTable keys={keys.data} reload={keys.reload} />}
    </div>
  );
}

function nameOf(key: Key): string {
  return key.name ?? DASH;
}

function KeyTable({ keys, reload }: { keys: Key[]; reload: () => void }) {
  const revoke = (key: Key) =>
    openDialog(
      <ConfirmDialog
        title={t("keys.revoke.title", { name: nameOf(key) })}
        text={t("keys.revoke.text")}
        danger
        submit={t("keys.revoke")}
        action={() => revokeKey(key.id).then(reload)}
      />,
    );
  return (
    <div class="card scroll">
      <table class="plain">
        <thead>
          <tr>
            {[t("common.name"), t("keys.scope"), t("keys.created"), t("keys.expires"), t("keys.state")].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id}>
              <th scope="row">{nameOf(key)}</th>
              <td>{t(`keys.scope.${key.scope}`)}</td>
              <td title={formatTime(key.created, locale())}>{formatAgo(key.created, now.value, locale())}</td>
              <td>{key.expires ? formatTime(key.expires, locale()) : t("keys.never")}</td>
              <td>{t(`keys.state.${key.state}`)}</td>
              <td class="end">
                {key.state === "valid" && mayWrite() && (
                  <button
                    type="button"
                    class="danger-quiet"
                    onClick={() => revoke(key)}
                    aria-label={t("keys.revoke.title", { name: nameOf(key) })}
                  >
                    {t("keys.revoke")}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NewKeyDialog({ done }: { done: () => void }) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<Scope>("write");
  const [days, setDays] = useState("90");
  const [made, setMade] = useState<Key | null>(null);
  const [error, setError] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      setMade(await createKey(name.trim(), scope, days.trim() ? Number(days) : null));
      done();
    } catch (problem) {
      setError(errorText(problem));
    }
  };
  if (made?.key) return <MadeKey made={made.key} />;
  return (
    <Dialog title={t("keys.new")}>
      <form onSubmit={submit}>
        <label class="field">
          <span>{t("common.name")}</span>
          <input
            autoFocus
            required
            maxLength={100}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            autocomplete="off"
          />
        </label>
        <label class="field">
          <span>{t("keys.scope")}</span>
          <select value={scope} onChange={(event) => setScope(event.currentTarget.value as Scope)}>
            {SCOPES.map((one) => (
              <option key={one} value={one}>
                {t(`keys.scope.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{t("keys.days")}</span>
          <input
            type="number"
            min={1}
            max={3650}
            value={days}
            onInput={(event) => setDays(event.currentTarget.value)}
          />
        </label>
        {error && (
          <p class="bad" role="alert">
            {error}
          </p>
        )}
        <div class="dialog-foot">
          <button type="button" onClick={closeDialog}>
            {t("common.cancel")}
          </button>
          <button type="submit" class="primary" disabled={!name.trim()}>
            {t("common.create")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function MadeKey({ made }: { made: string }) {
  const host = apiBase(location.href).replace(/\/apis\/v2\/$/, "");
  return (
    <Dialog title={t("keys.new")}>
      <p>{t("keys.once")}</p>
      <Command text={made} />
      <p class="soft">{t("keys.use")}</p>
      <Command text={`aimd login -H ${host}`} />
      <div class="dialog-foot">
        <button type="button" class="primary" onClick={closeDialog}>
          {t("common.close")}
        </button>
      </div>
    </Dialog>
  );
}
