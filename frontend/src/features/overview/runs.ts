import type { BackupShape } from "@/api/generated/plan";
import { isStored, isUnderWay } from "@/backup/jobs";

export type Run = Pick<
  BackupShape,
  | "id"
  | "status"
  | "type"
  | "created_at"
  | "original_size_bytes"
  | "stored_size_bytes"
  | "duration_s"
  | "verified"
  | "disproven"
  | "damaged"
  | "only"
>;

/** Whether a backup protects the whole plan as it was then; as the server judges it. */
export function isGood(run: Run): boolean {
  return (
    isStored(run) &&
    run.status !== "partial" &&
    run.type !== "pre_restore" &&
    !run.disproven &&
    !run.damaged &&
    run.only.length === 0
  );
}

/** A run as the charts draw it; a failed one has neither sizes nor a duration. */
export interface Point {
  id: string;
  status: Run["status"];
  /** When it was taken [ms since 1970]. */
  at: number;
  captured: number | null;
  added: number | null;
  seconds: number | null;
}

/** Return the backups of the whole plan, oldest first, and the runs that failed. */
export function pointsOf(runs: readonly Run[]): Point[] {
  return runs
    .filter((run) => !isUnderWay(run) && run.status !== "cancelled")
    .filter((run) => run.type !== "pre_restore" && run.only.length === 0)
    .map((run) => {
      const stored = isStored(run);
      return {
        id: run.id,
        status: run.status,
        at: Date.parse(run.created_at),
        captured: stored ? run.original_size_bytes : null,
        added: stored ? run.stored_size_bytes : null,
        seconds: stored ? run.duration_s : null,
      };
    })
    .sort((one, other) => one.at - other.at);
}
