import type { BackupShape } from "@/api/generated/plan";
import { useBackupJob } from "@/backup/hooks/useBackupJob";
import { useJobs } from "@/backup/hooks/useJobs";
import { isStored } from "@/backup/jobs";

/** The job that makes a backup or made it; none where that was done by the command line. */
export function useMakingJob(backup: BackupShape) {
  const own = useBackupJob(backup.job_id ?? undefined);
  const made = useJobs({ backup_id: backup.id, kind: ["backup"], limit: 1 });
  return isStored(backup) ? made.data?.jobs[0] : own.data;
}
