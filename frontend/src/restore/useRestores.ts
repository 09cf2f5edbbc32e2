import { useBackupList } from "@/backup/hooks/useBackupList";
import { useJobs } from "@/backup/hooks/useJobs";
import { activeRestore, lastRestore } from "@/restore/lastRestore";

/** The restore that is under way, whoever began it, and the last one if it can be undone. */
export function useRestores() {
  const jobs = useJobs({ kind: ["restore", "restore_archive", "undo"], limit: 20 });
  const safety = useBackupList({ type: ["pre_restore"], limit: 1 });
  const known = jobs.data && safety.data;
  return {
    isPending: jobs.isPending,
    active: jobs.data && activeRestore(jobs.data.jobs),
    last: known ? lastRestore(jobs.data.jobs, safety.data.backups) : null,
  };
}
