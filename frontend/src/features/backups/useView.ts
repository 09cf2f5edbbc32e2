import { useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { useHistoryState } from "wouter/use-browser-location";
import { formatView, parseView, type View } from "@/features/backups/view";

/** The pages that were left behind by "next", so that "previous" finds them, after a reload too. */
interface Trail {
  trail?: string[];
}

/** Which backups are shown, as the address says; and the ways to change that. */
export function useView() {
  const [, go] = useLocation();
  const search = useSearch();
  const state = useHistoryState<Trail | null>();
  const view = useMemo(() => parseView(search), [search]);
  const trail = state?.trail ?? [];

  return {
    view,
    /** How many pages are before this one; null if the reader came by an address. */
    pagesBefore: view.cursor && trail.length === 0 ? null : trail.length,
    /** Show others; from the first page on. */
    change: (wanted: Partial<View>, options?: { replace?: boolean }) =>
      go(`/backups${formatView({ ...view, cursor: "", ...wanted })}`, options),
    next: (cursor: string) =>
      go(`/backups${formatView({ ...view, cursor })}`, {
        state: { trail: [...trail, view.cursor] },
      }),
    previous: () =>
      go(`/backups${formatView({ ...view, cursor: trail.at(-1) ?? "" })}`, {
        state: { trail: trail.slice(0, -1) },
      }),
    /** The address of the list as it is. */
    address: `/backups${formatView(view)}`,
    /** The address of one backup; the list stays as it is. */
    addressOf: (id: string) => `/backups/${encodeURIComponent(id)}${formatView(view)}`,
    state,
    leave: () => go(`/backups${formatView(view)}`, { state }),
  };
}
