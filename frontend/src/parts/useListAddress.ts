import { useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { useHistoryState } from "wouter/use-browser-location";

/** How many rows a page can have. */
export const LIMITS = [25, 50, 100] as const;

/** What is shown of a list: its filters, and which page of it. */
export interface ListView {
  limit: number;
  /** Where the page before ended; empty on the first one. */
  cursor: string;
}

/** How a view is written as the query of an address, and read from it. */
export interface ListForm<View extends ListView> {
  /** Where the list is: `/jobs`. */
  path: string;
  parse: (search: string) => View;
  /** With `?`; empty for the plain view. */
  format: (view: View) => string;
}

/** The pages that were left behind by "next", so that "previous" finds them, after a reload too. */
interface Trail {
  trail?: string[];
}

/** Which part of a list is shown, as the address of the page says; and the ways to change that. */
export function useListAddress<View extends ListView>({ path, parse, format }: ListForm<View>) {
  const [, go] = useLocation();
  const search = useSearch();
  const trail = useHistoryState<Trail | null>()?.trail ?? [];
  const view = useMemo(() => parse(search), [parse, search]);
  const at = (wanted: Partial<View>) => path + format({ ...view, ...wanted });

  return {
    view,
    /** How many pages are before this one; null if the reader came by an address. */
    pagesBefore: view.cursor && trail.length === 0 ? null : trail.length,
    /** Show others; from the first page on. */
    change: (wanted: Partial<View>, options?: { replace?: boolean }) =>
      go(at({ cursor: "", ...wanted }), options),
    next: (cursor: string) =>
      go(at({ cursor } as Partial<View>), { state: { trail: [...trail, view.cursor] } }),
    previous: () =>
      go(at({ cursor: trail.at(-1) ?? "" } as Partial<View>), {
        state: { trail: trail.slice(0, -1) },
      }),
  };
}

/** Return those of the known values that are given, in the order of the known ones. */
export function knownOf<T>(all: readonly T[], given: readonly unknown[]): T[] {
  return all.filter((each) => given.includes(each));
}
