import type { BackupOrder, BackupState, BackupType } from "@/api/generated/plan";
import type { BackupQuery } from "@/backup/hooks/useBackupList";
import { isKnownZone, midnightIn } from "@/format/zones";
import { knownOf, LIMITS } from "@/parts/useListAddress";

export const STATES = [
  "verified",
  "completed",
  "partial",
  "restored",
  "failed",
  "cancelled",
  "running",
  "pending",
] as const satisfies readonly BackupState[];
export const TYPES = [
  "manual",
  "scheduled",
  "pre_restore",
] as const satisfies readonly BackupType[];
export const ORDERS = [
  "-created_at",
  "created_at",
  "-size",
  "size",
] as const satisfies readonly BackupOrder[];

/** Which backups are shown, and how: all of it is in the address of the page. */
export interface View {
  text: string;
  status: BackupState[];
  type: BackupType[];
  tag: string[];
  /** Days, both included: `2026-01-31`, or empty. */
  from: string;
  to: string;
  /** The zone of these days, if it is not the reader's. */
  zone: string;
  sort: BackupOrder;
  limit: number;
  /** Where the page before ended; empty on the first one. */
  cursor: string;
}

export const PLAIN: View = {
  text: "",
  status: [],
  type: [],
  tag: [],
  from: "",
  to: "",
  zone: "",
  sort: "-created_at",
  limit: 25,
  cursor: "",
};

/** Read a view from the query of an address; what makes no sense there is passed over. */
export function parseView(search: string): View {
  const given = new URLSearchParams(search);
  return {
    text: (given.get("text") ?? "").slice(0, 200),
    status: knownOf(STATES, given.getAll("status")),
    type: knownOf(TYPES, given.getAll("type")),
    tag: [...new Set(given.getAll("tag").filter(Boolean))],
    from: dayOf(given.get("from")),
    to: dayOf(given.get("to")),
    zone: zoneOf(given.get("zone")),
    sort: knownOf(ORDERS, given.getAll("sort"))[0] ?? PLAIN.sort,
    limit: knownOf(LIMITS, given.getAll("limit").map(Number))[0] ?? PLAIN.limit,
    cursor: given.get("cursor") ?? "",
  };
}

/** Write a view as the query of an address, with `?`; empty for the plain one. */
export function formatView(view: View): string {
  const written = new URLSearchParams();
  for (const name of ["text", "from", "to", "zone", "cursor"] as const) {
    if (view[name]) written.set(name, view[name]);
  }
  for (const name of ["status", "type", "tag"] as const) {
    for (const each of view[name]) written.append(name, each);
  }
  if (view.sort !== PLAIN.sort) written.set("sort", view.sort);
  if (view.limit !== PLAIN.limit) written.set("limit", String(view.limit));
  const query = written.toString();
  return query && `?${query}`;
}

/** What to ask the server for a view. */
export function queryOf(view: View): BackupQuery {
  return {
    ...(view.text.trim() && { text: view.text.trim() }),
    ...(view.status.length > 0 && { status: view.status }),
    ...(view.type.length > 0 && { type: view.type }),
    ...(view.tag.length > 0 && { tag: view.tag }),
    ...(view.from && { from: midnightIn(view.from, 0, view.zone).toISOString() }),
    ...(view.to && { to: midnightIn(view.to, 1, view.zone).toISOString() }),
    ...(view.cursor && { cursor: view.cursor }),
    sort: view.sort,
    limit: view.limit,
  };
}

/** How many filters a view has. */
export function countFilters(view: View): number {
  const { text, status, type, tag, from, to } = view;
  return [text.trim(), status[0], type[0], tag[0], from, to].filter(Boolean).length;
}

/** A view without its filters; order and length stay. */
export function withoutFilters({ sort, limit }: View): View {
  return { ...PLAIN, sort, limit };
}

/** The order that a click on the head of a column asks for: the greatest first, then the least. */
export function turned(sort: BackupOrder, column: "created_at" | "size"): BackupOrder {
  return sort === `-${column}` ? column : `-${column}`;
}

function dayOf(given: string | null): string {
  if (given === null || !/^\d{4}-\d\d-\d\d$/.test(given)) return "";
  const day = midnightIn(given);
  // The 31st of February would quietly be a day in March.
  return day.getDate() === Number(given.slice(8)) && day.getFullYear() > 1970 ? given : "";
}

function zoneOf(given: string | null): string {
  return given && isKnownZone(given) ? given : "";
}
