import type { BackupShape } from "@/api/generated/plan";

/** What is worth knowing of a backup, but for what is shown of it in another way. */
export function warningsOf({ warnings, only }: Pick<BackupShape, "warnings" | "only">): string[] {
  return warnings.filter((each) => each !== `Holds only: ${only.join(", ")}`);
}
