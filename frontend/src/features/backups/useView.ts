import { useLocation } from "wouter";
import { useHistoryState } from "wouter/use-browser-location";
import { formatView, parseView } from "@/features/backups/view";
import { useListAddress } from "@/parts/useListAddress";

const FORM = { path: "/backups", parse: parseView, format: formatView };

/** Which backups are shown, as the address says, and the ways to change that. */
export function useView() {
  const [, go] = useLocation();
  // It knows the pages before this one, and so goes along to the details and back.
  const state = useHistoryState<unknown>();
  const list = useListAddress(FORM);
  const query = formatView(list.view);
  return {
    ...list,
    state,
    /** The address of the list as it is. */
    address: `/backups${query}`,
    /** The address of one backup; the list stays as it is. */
    addressOf: (id: string) => `/backups/${encodeURIComponent(id)}${query}`,
    /** Back from one backup to the list. */
    leave: () => go(`/backups${query}`, { state }),
  };
}
