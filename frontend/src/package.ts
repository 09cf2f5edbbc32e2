/** React hooks for backups by Holdfast, and a ready section for an application's settings. */
export type { ConnectionOptions } from "@/api/connection";
export type * from "@/api/generated/plan/types.gen";
export { Problem } from "@/api/problem";
export { BackupProvider, type BackupProviderProps, useConnection } from "@/backup/BackupProvider";
export { useBackup } from "@/backup/hooks/useBackup";
export { useBackupJob, useRestoreJob } from "@/backup/hooks/useBackupJob";
export { type BackupQuery, useBackupList } from "@/backup/hooks/useBackupList";
export { useContents } from "@/backup/hooks/useContents";
export { useCreateBackup } from "@/backup/hooks/useCreateBackup";
export { useDeleteBackup } from "@/backup/hooks/useDeleteBackup";
export { type FileOfBackup, useDownload } from "@/backup/hooks/useDownload";
export { type JobQuery, useChangeJob, useJobs } from "@/backup/hooks/useJobs";
export { usePlan } from "@/backup/hooks/usePlan";
export { useProveBackup } from "@/backup/hooks/useProveBackup";
export { useHealth, useStats } from "@/backup/hooks/useStanding";
export {
  type RestoreChoice,
  type RestoreStart,
  useLookAtRestore,
  useStartRestore,
} from "@/backup/hooks/useStartRestore";
export { useLookAtUndo, useUndo } from "@/backup/hooks/useUndo";
export { useUpdateBackup } from "@/backup/hooks/useUpdateBackup";
export { useConfirmUpload, useDiscardUpload, useUploadArchive } from "@/backup/hooks/useUpload";
export { copyFolder, isCopyJob, isFinished, isRestore, isStored, isUnderWay } from "@/backup/jobs";
export { backupKeys } from "@/backup/keys";
export { BackupRestore, type BackupRestoreProps } from "@/section/BackupRestore";
