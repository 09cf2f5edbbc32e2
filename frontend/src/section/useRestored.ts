import { useEffect, useRef } from "react";
import type { JobShape } from "@/api/generated/plan";
import { useRestoreJob } from "@/backup/hooks/useBackupJob";

/** Tell once that a restore or an undo which was followed has replaced live data. */
export function useRestored(
  id: string | undefined,
  onRestored: ((job: JobShape) => void) | undefined,
): void {
  const { data: job } = useRestoreJob(id);
  const told = useRef<string>(undefined);
  useEffect(() => {
    if (job?.status !== "completed" || told.current === job.id) return;
    told.current = job.id;
    onRestored?.(job);
  }, [job, onRestored]);
}
