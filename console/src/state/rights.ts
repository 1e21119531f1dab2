/** What who is signed in may do here: what the key allows, and the role on the object. */

import { getFolder } from "../api/folders";
import type { Role } from "../api/types";
import { session } from "./session";

/** `none`: one may not even see it. */
export type RoleOrNone = Role | "none";

const RANKS: Record<RoleOrNone, number> = { none: 0, viewer: 1, editor: 2, owner: 3 };

/** Whether the key may change anything at all. */
export function mayWrite(): boolean {
  return session.value?.scope === "write";
}

/** Whether one may do what needs a role, on something where one has `role`. */
export function may(wanted: Role, role: RoleOrNone | undefined): boolean {
  return mayWrite() && RANKS[role ?? "none"] >= RANKS[wanted];
}

/** The role on the folder that something lies in: its own role says nothing of it, when it is shared by itself. */
export async function roleAbove(
  thing: { owner: string },
  folder: string | null,
  signal?: AbortSignal,
): Promise<RoleOrNone> {
  if (thing.owner === session.value?.user) return "owner";
  if (!folder || !mayWrite()) return "none";
  return getFolder(folder, signal).then(
    (found) => found.role,
    () => "none",
  );
}
