import { type BackupShape, isStored, useBackupList } from "holdfast-react";

/** A line of the page's own, by a hook; it shares what it knows with the section. */
export function LastBackup() {
  const { data } = useBackupList({ limit: 5 });
  const last: BackupShape | undefined = data?.backups.find(isStored);
  return (
    <p role="status">
      {last ? `Last backup: ${new Date(last.created_at).toLocaleString()}` : "No backup yet"}
    </p>
  );
}
