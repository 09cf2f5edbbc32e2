import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { BackupShape } from "@/api/generated/plan";
import { useDownload } from "@/backup/hooks/useDownload";
import { useChangeJob } from "@/backup/hooks/useJobs";
import { useUpdateBackup } from "@/backup/hooks/useUpdateBackup";
import { useAsking } from "@/features/backups/asking";
import type { Action } from "@/features/backups/can";
import { nameOf } from "@/features/backups/name";
import { useLocale } from "@/i18n/useLocale";
import { sayDone, sayFailed } from "@/parts/say";

/** The way to do something with one backup: at once, or by a dialog or another screen. */
export function useAct(backup: BackupShape) {
  const { t } = useTranslation("backups");
  const name = nameOf(backup, useLocale());
  const [, go] = useLocation();
  const { ask } = useAsking();
  const download = useDownload();
  const update = useUpdateBackup();
  const job = useChangeJob();

  const told = (action: "download" | "keep" | "release" | "cancel" | "retry") => ({
    onSuccess: () => sayDone(t(`done.${action}`, { name })),
    onError: (error: unknown) => sayFailed(t(`failed.${action}`, { name }), error),
  });
  const act = (action: Action) => {
    switch (action) {
      case "restore":
        return go(`/restore/${encodeURIComponent(backup.id)}`);
      case "download":
        return download.mutate(backup.id, told("download"));
      case "keep":
      case "release":
        return update.mutate({ id: backup.id, change: { keep: action === "keep" } }, told(action));
      case "cancel":
      case "retry":
        return job.mutate({ id: backup.job_id ?? backup.id, by: action }, told(action));
      case "describe":
        return ask({ kind: "describe", backup });
      default:
        return ask({ kind: action, backups: [backup] });
    }
  };
  return { act, busy: download.isPending || update.isPending || job.isPending };
}
