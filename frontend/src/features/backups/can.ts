import type { BackupShape } from "@/api/generated/plan";
import { isStored, isUnderWay } from "@/backup/jobs";
import type { Permission } from "@/parts/access";

export const ACTIONS = [
  "restore",
  "download",
  "verify",
  "drill",
  "keep",
  "release",
  "describe",
  "cancel",
  "retry",
  "delete",
] as const;
export type Action = (typeof ACTIONS)[number];

/** What the server asks for each. */
export const NEEDS: Record<Action, Permission> = {
  restore: "restore",
  download: "restore",
  verify: "run",
  drill: "run",
  keep: "administer",
  release: "administer",
  describe: "run",
  cancel: "run",
  retry: "run",
  delete: "administer",
};

/** What can be done with a backup as it stands, whoever asks. */
export function actionsFor(backup: Pick<BackupShape, "status" | "keep" | "job_id">): Action[] {
  if (isUnderWay(backup)) return ["cancel"];
  if (!isStored(backup)) return backup.job_id ? ["retry"] : [];
  const keeping = backup.keep ? "release" : "keep";
  return ["restore", "download", "verify", "drill", keeping, "describe", "delete"];
}
