import type { AuditOutcome, ListAuditData } from "@/api/generated/plan";
import { knownOf, LIMITS, type ListForm, type ListView } from "@/parts/useListAddress";

export type AuditQuery = NonNullable<ListAuditData["query"]>;

export const OUTCOMES = ["done", "refused", "failed"] as const satisfies readonly AuditOutcome[];

/** Which entries are shown: all of it is in the address of the page. */
export interface AuditView extends ListView {
  actor: string;
  action: string;
  object: string;
  outcome: AuditOutcome | "";
  /** Days of the reader's calendar, both included: `2026-01-31`, or empty. */
  from: string;
  to: string;
}

export const PLAIN: AuditView = {
  actor: "",
  action: "",
  object: "",
  outcome: "",
  from: "",
  to: "",
  limit: 50,
  cursor: "",
};

const WORDS = ["actor", "action", "object", "outcome", "from", "to", "cursor"] as const;
const LONGEST = 200;

/** Read a view from the query of an address; what makes no sense there is passed over. */
export function parseView(search: string): AuditView {
  const given = new URLSearchParams(search);
  const word = (name: string) => (given.get(name) ?? "").slice(0, LONGEST);
  return {
    actor: word("actor"),
    action: word("action"),
    object: word("object"),
    outcome: knownOf(OUTCOMES, given.getAll("outcome"))[0] ?? "",
    from: dayOf(word("from")),
    to: dayOf(word("to")),
    limit: knownOf(LIMITS, given.getAll("limit").map(Number))[0] ?? PLAIN.limit,
    cursor: given.get("cursor") ?? "",
  };
}

/** Write a view as the query of an address, with `?`; empty for the plain one. */
export function formatView(view: AuditView): string {
  const written = new URLSearchParams();
  for (const name of WORDS) if (view[name]) written.set(name, view[name]);
  if (view.limit !== PLAIN.limit) written.set("limit", `${view.limit}`);
  const query = written.toString();
  return query && `?${query}`;
}

/** What to ask the server for a view. */
export function queryOf(view: AuditView): AuditQuery {
  const { actor, action, object, outcome, from, to, limit, cursor } = view;
  return {
    ...(actor.trim() && { actor: actor.trim() }),
    ...(action && { action }),
    ...(object.trim() && { object: object.trim() }),
    ...(outcome && { outcome }),
    ...(from && { from: startOf(from).toISOString() }),
    ...(to && { to: startOf(to, 1).toISOString() }),
    ...(cursor && { cursor }),
    limit,
  };
}

/** How many filters a view has. */
export function countFilters({ actor, action, object, outcome, from, to }: AuditView): number {
  return [actor, action, object, outcome, from, to].filter(Boolean).length;
}

/** Midnight of the reader's calendar, where the day begins; of a day some days after. */
function startOf(day: string, later = 0): Date {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later);
}

function dayOf(given: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(given)) return "";
  const day = startOf(given);
  // The 31st of February would quietly be a day in March.
  return day.getDate() === Number(given.slice(8)) && day.getFullYear() > 1970 ? given : "";
}

export const AUDIT: ListForm<AuditView> = { path: "/audit", parse: parseView, format: formatView };
