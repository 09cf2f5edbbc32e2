import { useSyncExternalStore } from "react";

/** The path and the query of a fragment such as `#/backups?status=failed`. */
export function partsOf(fragment: string): { path: string; search: string } {
  const [path = "", ...search] = fragment.replace(/^#?\/?/, "").split("?");
  return { path: `/${path}`, search: search.join("?") };
}

const EVENTS = ["hashchange", "popstate"] as const;

function subscribe(listener: () => void): () => void {
  for (const event of EVENTS) addEventListener(event, listener);
  return () => {
    for (const event of EVENTS) removeEventListener(event, listener);
  };
}

const currentPath = () => partsOf(location.hash).path;
const currentSearch = () => partsOf(location.hash).search;

interface Going {
  state?: unknown;
  replace?: boolean;
}

function go(to: string, { state = null, replace = false }: Going = {}): void {
  const { path, search } = partsOf(to);
  const fragment = `#${path}${search && `?${search}`}`;
  history[replace ? "replaceState" : "pushState"](state, "", fragment);
  // The history tells of what the reader does, not of what the page does.
  dispatchEvent(new Event("hashchange"));
}

/**
 * Where the reader is, for wouter: all of it behind the `#`, the query too.
 *
 * Wouter's own hook has the query before the `#`, where it would stay when another screen is
 * opened, and would not be in the address of a link that is opened in a new window.
 */
export function useAddress(): [string, typeof go] {
  return [useSyncExternalStore(subscribe, currentPath), go];
}

useAddress.hrefs = (href: string) => `#${href}`;
useAddress.searchHook = () => useSyncExternalStore(subscribe, currentSearch);
