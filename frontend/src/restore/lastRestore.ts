import type { BackupShape, JobShape } from "@/api/generated/plan";
import { isFinished, isRestore } from "@/backup/jobs";

/** The restore whose safety backup could be put back. */
export interface LastRestore {
  safetyBackupId: string;
  at: string;
  /** Its job; null for one by the command line. */
  job: JobShape | null;
}

/** Return the restore that is under way, if any. */
export function activeRestore(jobs: readonly JobShape[]): JobShape | undefined {
  return jobs.find((job) => isRestore(job) && !isFinished(job));
}

/**
 * Return the last restore if it can be undone, as far as the lists tell.
 *
 * Args:
 *   jobs: Newest first. safetyBackups: Newest first.
 */
export function lastRestore(
  jobs: readonly JobShape[],
  safetyBackups: readonly Pick<BackupShape, "id" | "created_at">[],
): LastRestore | null {
  const job = jobs.find((each) => isRestore(each) && each.status === "completed");
  const newest = safetyBackups[0];
  const known = safetyBackupOf(job);
  const byCommand = newest !== undefined && newest.created_at > (job?.completed_at ?? "");
  // A safety backup of a restore that failed is newer too, and stands for nothing.
  const failed = jobs.some(
    (each) =>
      isRestore(each) &&
      each.status !== "completed" &&
      newest !== undefined &&
      (each.started_at ?? "") <= newest.created_at &&
      newest.created_at <= (each.completed_at ?? "~"),
  );
  if (byCommand && !failed) return { safetyBackupId: newest.id, at: newest.created_at, job: null };
  if (job === undefined || known === null) return null;
  return { safetyBackupId: known, at: job.completed_at ?? job.created_at, job };
}

/** The safety backup that a finished restore made; null if it made none. */
export function safetyBackupOf(job: JobShape | undefined): string | null {
  const found = job?.result.safety_backup_id;
  return typeof found === "string" ? found : null;
}
