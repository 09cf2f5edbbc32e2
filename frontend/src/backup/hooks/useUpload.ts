import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { newKey } from "@/api/connection";
import { confirmRestore, discardRestore } from "@/api/generated/plan";
import { type UploadOptions, uploadArchive } from "@/api/upload";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** Send an archive and see what restoring it would replace; `sent` goes from 0 to 1. */
export function useUploadArchive() {
  const connection = useConnection();
  const [sent, setSent] = useState(0);
  const mutation = useMutation({
    mutationFn: ({ file, ...options }: { file: File } & Omit<UploadOptions, "onProgress">) => {
      setSent(0);
      const onProgress = (done: number, total: number) => setSent(total ? done / total : 0);
      return uploadArchive(connection, file, { ...options, onProgress });
    },
  });
  return { ...mutation, sent };
}

/** Restore an archive that was sent; gives the job. */
export function useConfirmUpload() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ token, confirm }: { token: string; confirm?: string | null }) =>
      answerOf(
        confirmRestore({
          client,
          path: { token },
          body: { confirm },
          headers: { "Idempotency-Key": newKey() },
          throwOnError: true,
        }),
      ),
    onSuccess: () => void cache.invalidateQueries({ queryKey: backupKeys.jobs }),
  });
}

/** Give up an archive that was sent: the server removes it at once. */
export function useDiscardUpload() {
  const { client } = useConnection();
  return useMutation({
    mutationFn: (token: string) =>
      answerOf(discardRestore({ client, path: { token }, throwOnError: true })),
  });
}
