import { useSyncExternalStore } from "react";

/** How often a server that is away is looked for [ms]. */
const LOOK_MS = 5_000;
/** A page that was loaded anew, and still lacks a part, is not loaded anew before that [ms]. */
const PATIENCE_MS = 60_000;
const RELOADED = "holdfast-reloaded";

let lost = false;
let timer: ReturnType<typeof setInterval> | undefined;
let looking: Promise<void> | null = null;
const listeners = new Set<() => void>();
/** What waits for the server: it is told the version of the page that the server has. */
const waiting = new Set<(version: string) => void>();

function setLost(isLost: boolean): void {
  if (isLost === lost) return;
  lost = isLost;
  clearInterval(timer);
  if (lost) timer = setInterval(lookForServer, LOOK_MS);
  for (const each of listeners) each();
}

/** Take note that a request had no answer; from now on the server is looked for. */
export const noteLost = () => setLost(true);

/** Take note that a request was answered. */
export function noteReached(): void {
  // What waits for the page itself has to see that it is there.
  if (waiting.size === 0) setLost(false);
}

/** Look now whether the server is there. */
export function lookForServer(): Promise<void> {
  looking ??= look().finally(() => {
    looking = null;
  });
  return looking;
}

async function look(): Promise<void> {
  const version = await versionOfServer();
  if (version === null) {
    noteLost();
    return;
  }
  setLost(false);
  for (const each of waiting) each(version);
  waiting.clear();
}

/** Which page the server has: the name of its program; null without an answer. */
async function versionOfServer(): Promise<string | null> {
  try {
    const answer = await fetch(document.baseURI.replace(/[#?].*$/, ""), { cache: "no-store" });
    if (!answer.ok) return null;
    return /src="([^"]+\.js)"/.exec(await answer.text())?.[1] ?? "";
  } catch {
    return null;
  }
}

/** Wait until the server is there; return which page it has. */
function reached(): Promise<string> {
  return new Promise((resolve) => {
    waiting.add(resolve);
    void lookForServer();
  });
}

/** Load the page anew as soon as there is one: else the browser's own page of errors stays. */
export async function reload(): Promise<void> {
  await reached();
  window.location.reload();
}

/**
 * Load a part of the page; if that fails, wait for the server, and load the whole page anew.
 *
 * After an update of the server the parts have other names; and a browser does not ask again for
 * a part that it failed to load.
 */
export async function arriving<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const version = await reached();
    if (!mayReload(version)) throw error;
    window.location.reload();
    return new Promise(() => undefined);
  }
}

/** Whether it may help to load the page anew; once for each version, however often that is asked. */
function mayReload(version: string): boolean {
  const [before, at] = (sessionStorage.getItem(RELOADED) ?? "").split(" ");
  if (before === version && Date.now() - Number(at) < PATIENCE_MS) return false;
  sessionStorage.setItem(RELOADED, `${version} ${Date.now()}`);
  return true;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether the server did not answer when it was last asked. */
export function useIsLost(): boolean {
  return useSyncExternalStore(subscribe, () => lost);
}
