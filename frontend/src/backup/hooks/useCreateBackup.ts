import { useMutation, useQueryClient } from "@tanstack/react-query";
import { newKey } from "@/api/connection";
import { createBackup, type NewBackup } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** Make a backup; gives the job that makes it. */
export function useCreateBackup() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (wanted: NewBackup) =>
      answerOf(
        createBackup({
          client,
          body: wanted,
          headers: { "Idempotency-Key": newKey() },
          throwOnError: true,
        }),
      ),
    onSuccess: () => void cache.invalidateQueries({ queryKey: backupKeys.all }),
  });
}
