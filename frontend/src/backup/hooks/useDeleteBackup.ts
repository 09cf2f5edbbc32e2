import { useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteBackup } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** Delete a backup, by its id. */
export function useDeleteBackup() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answerOf(deleteBackup({ client, path: { backup_id: id }, throwOnError: true })),
    // Whoever looks at it just now must not ask for it again.
    onSuccess: (_, id) => cache.removeQueries({ queryKey: backupKeys.one(id) }),
    onSettled: () => void cache.invalidateQueries({ queryKey: backupKeys.all }),
  });
}
