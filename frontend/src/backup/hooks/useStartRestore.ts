import { useMutation, useQueryClient } from "@tanstack/react-query";
import { newKey } from "@/api/connection";
import {
  type JobShape,
  type OfferShape,
  type RestoreRequest,
  restoreBackup,
} from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

export type RestoreChoice = Omit<RestoreRequest, "dry_run" | "confirmation" | "confirm">;

/** See what a restore would replace; nothing is changed. Its `confirmation` starts it. */
export function useLookAtRestore() {
  const { client } = useConnection();
  return useMutation({
    mutationFn: async ({ id, choice }: { id: string; choice?: RestoreChoice }) =>
      (await answerOf(
        restoreBackup({
          client,
          path: { backup_id: id },
          body: { ...choice, dry_run: true },
          throwOnError: true,
        }),
      )) as OfferShape,
  });
}

export interface RestoreStart {
  id: string;
  /** Of the look. */
  confirmation: string;
  /** What was typed, where the look asks for a name. */
  confirm?: string | null;
}

/** Replace live data by a backup, as it was looked at; gives the job. */
export function useStartRestore() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, confirmation, confirm }: RestoreStart) =>
      (await answerOf(
        restoreBackup({
          client,
          path: { backup_id: id },
          body: { confirmation, confirm },
          headers: { "Idempotency-Key": newKey() },
          throwOnError: true,
        }),
      )) as JobShape,
    onSuccess: () => void cache.invalidateQueries({ queryKey: backupKeys.jobs }),
  });
}
