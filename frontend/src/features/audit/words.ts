import type { AuditEntryShape } from "@/api/generated/plan";

/** What is recorded by this version; a newer server may record more. */
export const ACTIONS = [
  "backup.start",
  "backup.update",
  "backup.delete",
  "backup.download",
  "backup.link",
  "backup.unlink",
  "verify.start",
  "drill.start",
  "restore.look",
  "restore.start",
  "restore.discard",
  "restore_archive.start",
  "undo.start",
  "import.start",
  "cleanup.start",
  "check.start",
  "prune.start",
  "repository.unlock",
  "schedule.update",
  "notification.test",
  "job.cancel",
  "job.retry",
  "session.open",
  "session.close",
  "session.step_up",
  "user.add",
  "user.change",
  "user.password",
  "user.remove",
  "token.add",
  "token.revoke",
  "server.set_up",
  "server.end_all",
] as const;
export type Action = (typeof ACTIONS)[number];

/** Whether there are words for an action. */
export function isKnown(action: string): action is Action {
  return (ACTIONS as readonly string[]).includes(action);
}

/** Where what an entry is about is shown; null where it is not, or does not exist any more. */
export function placeOf(entry: AuditEntryShape): string | null {
  const { action, object, outcome, job_id: job } = entry;
  if (object === null) return job && `/jobs/${encodeURIComponent(job)}`;
  if (action.startsWith("job.")) return `/jobs/${encodeURIComponent(object)}`;
  const gone = action === "backup.delete" && outcome === "done";
  return object.startsWith("backup_") && !gone ? `/backups/${encodeURIComponent(object)}` : null;
}

/** The particulars of an entry, each as a name and what a person can read. */
export function particularsOf(detail: AuditEntryShape["detail"]): [name: string, value: string][] {
  return Object.entries(detail).map(([name, value]) => [name, textOf(value)]);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) {
    return value.join(", ");
  }
  return JSON.stringify(value);
}
