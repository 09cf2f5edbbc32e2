import { useMutation, useQueryClient } from "@tanstack/react-query";
import { newKey } from "@/api/connection";
import { type JobShape, type UndoPreview, undoRestore } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** See what taking back the last restore would change. */
export function useLookAtUndo() {
  const { client } = useConnection();
  return useMutation({
    mutationFn: async () =>
      (await answerOf(
        undoRestore({ client, body: { dry_run: true }, throwOnError: true }),
      )) as UndoPreview,
  });
}

/** Take back the restore that was looked at; gives the job. */
export function useUndo() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (look: Pick<UndoPreview, "backup_id" | "confirm_with">) =>
      (await answerOf(
        undoRestore({
          client,
          body: { backup_id: look.backup_id, confirm: look.confirm_with },
          headers: { "Idempotency-Key": newKey() },
          throwOnError: true,
        }),
      )) as JobShape,
    onSuccess: () => void cache.invalidateQueries({ queryKey: backupKeys.jobs }),
  });
}
