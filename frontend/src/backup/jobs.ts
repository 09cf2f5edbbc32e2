import type { BackupShape, JobShape, JobStatus } from "@/api/generated/plan";

const FINISHED: ReadonlySet<JobStatus> = new Set(["completed", "failed", "cancelled"]);

/** Whether nothing more will come of a job. */
export function isFinished(job: Pick<JobShape, "status">): boolean {
  return FINISHED.has(job.status);
}

/** Whether a job replaces live data. */
export function isRestore(job: Pick<JobShape, "kind">): boolean {
  return job.kind === "restore" || job.kind === "restore_archive" || job.kind === "undo";
}

/** Whether a job lays a backup out in a new folder: live data stay as they are. */
export function isCopyJob(job: Pick<JobShape, "kind">): boolean {
  return job.kind === "copy";
}

/** The folder that a copy made; null of other jobs, and of a copy that made none. */
export function copyFolder({ kind, result }: Pick<JobShape, "kind" | "result">): string | null {
  return isCopyJob({ kind }) && typeof result.into === "string" ? result.into : null;
}

/** Whether a backup is in the repository: not one that is being made, or came to nothing. */
export function isStored(backup: Pick<BackupShape, "status">): boolean {
  return !["pending", "running", "failed", "cancelled"].includes(backup.status);
}

/** Whether a backup is being made. */
export function isUnderWay(backup: Pick<BackupShape, "status">): boolean {
  return backup.status === "pending" || backup.status === "running";
}
