import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { useRestoreJob } from "@/backup/hooks/useBackupJob";
import { isCopyJob, isFinished } from "@/backup/jobs";
import { Loaded } from "@/parts/States";
import { CopyResult } from "@/restore/CopyResult";
import { RestoreProgress } from "@/restore/RestoreProgress";
import { RestoreResult } from "@/restore/RestoreResult";

export interface RestoreJobProps {
  id: string;
  /** Whether a safety backup is made, as far as it is known. */
  safety?: boolean;
  /** Told of the job that takes this one back. */
  onUndo: (job: JobShape) => void;
  /** The result was read. */
  onClose: () => void;
  /** Where a backup is shown. */
  backupHref?: (id: string) => string;
}

/** A restore, an undo or a copy, step by step while it runs, then what came of it. */
export function RestoreJob({ id, safety, onUndo, onClose, backupHref }: RestoreJobProps) {
  const { t } = useTranslation("restoring");
  const job = useRestoreJob(id);
  return (
    <section aria-label={t("job.label")}>
      <Loaded query={job}>
        {(found) =>
          !isFinished(found) ? (
            <RestoreProgress job={found} safety={safety} />
          ) : isCopyJob(found) ? (
            <CopyResult job={found} onClose={onClose} />
          ) : (
            <RestoreResult job={found} onUndo={onUndo} onClose={onClose} backupHref={backupHref} />
          )
        }
      </Loaded>
    </section>
  );
}
