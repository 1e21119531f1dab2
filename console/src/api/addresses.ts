/** Short addresses, which the server keeps for long ones. */

import { askJson } from "./client";

interface ShortAddress {
  id: string;
  address: string;
}

export function shorten(folder: string, address: string): Promise<ShortAddress> {
  const json = { address };
  return askJson<ShortAddress>(`folders/${encodeURIComponent(folder)}/addresses`, { method: "POST", json });
}

export function openAddress(id: string, signal?: AbortSignal): Promise<ShortAddress> {
  return askJson<ShortAddress>(`addresses/${encodeURIComponent(id)}`, { signal });
}
