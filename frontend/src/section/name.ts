import type { BackupShape } from "@/api/generated/plan";
import { formatShort } from "@/format/times";

/** What a backup is called for people: its description, or else when it was taken. */
export function nameOf(
  backup: Pick<BackupShape, "description" | "created_at">,
  locale: string,
): string {
  return backup.description?.trim() || formatShort(new Date(backup.created_at), locale);
}
