/** Work that is asked for again and again, and may take longer than that. */

/**
 * Work one at a time: asked for while it runs, it is done once more after that. So what is slow still comes to its end
 * however often it is asked for, and begins again after the last time. It ends with the signal, and never fails.
 */
export function oneAtATime(signal: AbortSignal, work: () => Promise<unknown>): () => void {
  let isRunning = false;
  let isWanted = false;
  const run = async () => {
    isRunning = true;
    while (isWanted && !signal.aborted) {
      isWanted = false;
      await work().catch(() => {});
    }
    isRunning = false;
  };
  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}
