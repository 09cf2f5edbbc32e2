import { useEffect, useState, useSyncExternalStore } from "react";

const EVERY_MS = 20_000;
const listeners = new Set<() => void>();
let now = new Date();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = new Date();
    for (const each of listeners) each();
  }, EVERY_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, each second while something is watched that lasts; else it stands still. */
export function useSeconds(running: boolean): Date {
  const [at, setAt] = useState(() => new Date());
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setAt(new Date()), 1_000);
    return () => clearInterval(timer);
  }, [running]);
  return at;
}

/** The time, a few times a minute: so that "2 minutes ago" stays true. One clock for the page. */
export function useNow(): Date {
  // What comes from the server may be newer than the last tick.
  if (Date.now() - now.getTime() > EVERY_MS) now = new Date();
  return useSyncExternalStore(subscribe, () => now);
}
