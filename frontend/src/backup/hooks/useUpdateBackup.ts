import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type BackupChange, updateBackup } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** Change description, tags, or whether a backup is kept. */
export function useUpdateBackup() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, change }: { id: string; change: BackupChange }) =>
      answerOf(updateBackup({ client, path: { backup_id: id }, body: change, throwOnError: true })),
    onSettled: () => void cache.invalidateQueries({ queryKey: backupKeys.all }),
  });
}
