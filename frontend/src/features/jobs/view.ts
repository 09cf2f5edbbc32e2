import type { JobKind, JobStatus } from "@/api/generated/plan";
import type { JobQuery } from "@/backup/hooks/useJobs";
import { knownOf, LIMITS, type ListForm, type ListView } from "@/parts/useListAddress";

export const KINDS = [
  "backup",
  "restore",
  "restore_archive",
  "copy",
  "undo",
  "import",
  "verify",
  "drill",
  "cleanup",
  "check",
  "prune",
] as const satisfies readonly JobKind[];
export const STATUSES = [
  "pending",
  "running",
  "validating",
  "restoring",
  "completed",
  "failed",
  "cancelled",
] as const satisfies readonly JobStatus[];

/** Which jobs are shown: all of it is in the address of the page. */
export interface JobView extends ListView {
  kind: JobKind[];
  status: JobStatus[];
  /** Only those about this backup; empty for all. */
  backup: string;
}

export const PLAIN: JobView = { kind: [], status: [], backup: "", limit: 25, cursor: "" };

/** Read a view from the query of an address; what makes no sense there is passed over. */
export function parseView(search: string): JobView {
  const given = new URLSearchParams(search);
  return {
    kind: knownOf(KINDS, given.getAll("kind")),
    status: knownOf(STATUSES, given.getAll("status")),
    backup: given.get("backup") ?? "",
    limit: knownOf(LIMITS, given.getAll("limit").map(Number))[0] ?? PLAIN.limit,
    cursor: given.get("cursor") ?? "",
  };
}

/** Write a view as the query of an address, with `?`; empty for the plain one. */
export function formatView(view: JobView): string {
  const written = new URLSearchParams();
  for (const name of ["kind", "status"] as const) {
    for (const each of view[name]) written.append(name, each);
  }
  if (view.backup) written.set("backup", view.backup);
  if (view.limit !== PLAIN.limit) written.set("limit", `${view.limit}`);
  if (view.cursor) written.set("cursor", view.cursor);
  const query = written.toString();
  return query && `?${query}`;
}

/** What to ask the server for a view. */
export function queryOf({ kind, status, backup, limit, cursor }: JobView): JobQuery {
  return {
    ...(kind.length > 0 && { kind }),
    ...(status.length > 0 && { status }),
    ...(backup && { backup_id: backup }),
    ...(cursor && { cursor }),
    limit,
  };
}

/** Whether a view leaves something out. */
export function isFiltered({ kind, status, backup }: JobView): boolean {
  return kind.length > 0 || status.length > 0 || backup !== "";
}

export const JOBS: ListForm<JobView> = { path: "/jobs", parse: parseView, format: formatView };
