/** A short address: it gives way to the long one that it stands for. */

import { useEffect } from "preact/hooks";
import { openAddress } from "../api/addresses";
import { Failure, Skeleton } from "../parts/basics";
import { useLoaded } from "../parts/load";
import { replace } from "../state/route";

export function ShortPage({ id }: { id: string }) {
  const loaded = useLoaded(id, (signal) => openAddress(id, signal));
  const address = loaded.data?.address;
  useEffect(() => {
    if (address?.startsWith("#/")) replace(address);
  }, [address]);
  return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Skeleton lines={10} />;
}
