import { useMutation, useQueryClient } from "@tanstack/react-query";
import { newKey } from "@/api/connection";
import { drillBackup, verifyBackup } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

const WAYS = { verify: verifyBackup, drill: drillBackup };

/** Verify a backup, or restore it into a scratch place for proof; gives the job. */
export function useProveBackup() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, by }: { id: string; by: keyof typeof WAYS }) =>
      answerOf(
        WAYS[by]({
          client,
          path: { backup_id: id },
          headers: { "Idempotency-Key": newKey() },
          throwOnError: true,
        }),
      ),
    onSuccess: () => void cache.invalidateQueries({ queryKey: backupKeys.jobs }),
  });
}
