/** Sharing a folder or trial with users, groups or by a link key. */

import { useState } from "preact/hooks";
import { addShare, listShares, removeShare, type Shareable } from "../api/trials";
import type { Role, Share } from "../api/types";
import { formatTime } from "../model/format";
import { refreshFolders } from "../state/folders";
import { linkAddress } from "../state/session";
import { locale, t } from "../words";
import { Command, errorText, IconButton, Skeleton } from "./basics";
import { Dialog } from "./dialog";
import { useLoaded } from "./load";
import { notifyError } from "./toasts";

const ROLES: Role[] = ["viewer", "editor", "owner"];
type Kind = "user" | "group" | "link";
const KINDS: Kind[] = ["user", "group", "link"];

function nameOf(share: Share): string {
  return share.user ?? share.group ?? t("share.link");
}

export function ShareDialog({ kind, id, name }: { kind: Shareable; id: string; name: string }) {
  const shares = useLoaded(id, () => listShares(kind, id));
  const [made, setMade] = useState<Share | null>(null);
  const done = (share: Share) => {
    setMade(share);
    refreshFolders();
    shares.reload();
  };
  const end = async (share: Share) => {
    await removeShare(kind, id, share.id).catch(notifyError);
    refreshFolders();
    shares.reload();
  };
  return (
    <Dialog title={t("share.title", { name })}>
      <AddForm kind={kind} id={id} done={done} />
      {made?.key && (
        <div class="once">
          <p>{t("share.link.once", { name })}</p>
          <Command text={linkAddress(made.key)} />
        </div>
      )}
      <h3>{t("share.now")}</h3>
      {shares.error ? <p class="bad">{errorText(shares.error)}</p> : null}
      {shares.loading && <Skeleton lines={2} />}
      {shares.data?.length === 0 && <p class="soft">{t("share.none")}</p>}
      <ul class="shares">
        {shares.data?.map((share) => (
          <li key={share.id}>
            <span class="grow clip">{nameOf(share)}</span>
            <span class="soft">{t(`role.${share.role}`)}</span>
            {share.expires && <span class="soft">{formatTime(share.expires, locale())}</span>}
            <IconButton
              icon="close"
              label={t("share.remove", { name: nameOf(share) })}
              onClick={() => void end(share)}
            />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function AddForm({ kind, id, done }: { kind: Shareable; id: string; done: (share: Share) => void }) {
  const [who, setWho] = useState<Kind>("user");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [days, setDays] = useState("7");
  const [error, setError] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    const wish = who === "link" ? { link: true, expires_days: Number(days) || 7 } : { [who]: name.trim(), role };
    try {
      done(await addShare(kind, id, wish));
      setName("");
      setError("");
    } catch (problem) {
      setError(errorText(problem));
    }
  };
  return (
    <form class="share-form" onSubmit={submit}>
      <select aria-label={t("share.kind")} value={who} onChange={(event) => setWho(event.currentTarget.value as Kind)}>
        {KINDS.map((one) => (
          <option key={one} value={one}>
            {t(`share.${one}`)}
          </option>
        ))}
      </select>
      {who === "link" ? (
        <input
          type="number"
          min={1}
          max={3650}
          aria-label={t("share.days")}
          title={t("share.days")}
          value={days}
          onInput={(event) => setDays(event.currentTarget.value)}
        />
      ) : (
        <>
          <input
            autoFocus
            required
            aria-label={t("share.with")}
            placeholder={t("share.with")}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            autocomplete="off"
          />
          <select
            aria-label={t("share.role")}
            value={role}
            onChange={(event) => setRole(event.currentTarget.value as Role)}
          >
            {ROLES.map((one) => (
              <option key={one} value={one}>
                {t(`role.${one}`)}
              </option>
            ))}
          </select>
        </>
      )}
      <button type="submit" class="primary">
        {t("share.add")}
      </button>
      {error && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
    </form>
  );
}
