import type { JobShape } from "@/api/generated/plan";
import { isFinished, isRestore } from "@/backup/jobs";

/** Whether a job can be stopped. */
export function canCancel(job: Pick<JobShape, "status">): boolean {
  return !isFinished(job);
}

/**
 * Whether a job can be tried again: `anew` if it must be asked for anew, as it was confirmed for
 * the data as they were then; false if it needs no other try.
 */
export function canRetry(job: Pick<JobShape, "kind" | "status">): boolean | "anew" {
  if (job.status !== "failed" && job.status !== "cancelled") return false;
  return isRestore(job) ? "anew" : true;
}

/** How long a job took, or has taken until now [s]; null if it never began. */
export function secondsOf(
  { started_at: from, completed_at: to }: Pick<JobShape, "started_at" | "completed_at">,
  now: Date,
): number | null {
  if (from === null) return null;
  return Math.max(0, (to === null ? now.getTime() : Date.parse(to)) - Date.parse(from)) / 1000;
}

/** The job that tries another one again, if it is among those that are known. */
export function retriedBy(
  jobs: readonly Pick<JobShape, "id" | "retry_of">[],
  id: string,
): string | null {
  return jobs.find((each) => each.retry_of === id)?.id ?? null;
}
