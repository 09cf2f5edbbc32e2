import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { newKey } from "@/api/connection";
import {
  checkRepository,
  getRepository,
  type JobShape,
  type PrunePreview,
  pruneRepository,
  unlockRepository,
} from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf, GLANCE_MS } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** Where the backups are kept, and how it stands there. */
export function useRepository() {
  const { client } = useConnection();
  return useQuery({
    queryKey: backupKeys.repository,
    queryFn: ({ signal }) => answerOf(getRepository({ client, signal, throwOnError: true })),
    refetchInterval: GLANCE_MS,
  });
}

const headers = () => ({ "Idempotency-Key": newKey() });

/** Check the repository: its structure, or every byte of it; gives the job. */
export function useCheck() {
  const { client } = useConnection();
  return useUpkeep((read_data: boolean) =>
    answerOf(
      checkRepository({ client, body: { read_data }, headers: headers(), throwOnError: true }),
    ),
  );
}

/** What a prune would free; nothing is changed. Looked at anew each time. */
export function usePrunePreview() {
  const { client } = useConnection();
  return useQuery({
    queryKey: [...backupKeys.repository, "prune"],
    queryFn: async ({ signal }) =>
      (await answerOf(
        pruneRepository({ client, body: { dry_run: true }, signal, throwOnError: true }),
      )) as PrunePreview,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Free what no backup uses; gives the job. */
export function usePrune() {
  const { client } = useConnection();
  return useUpkeep(
    async () =>
      (await answerOf(
        pruneRepository({ client, headers: headers(), throwOnError: true }),
      )) as JobShape,
  );
}

/** Remove the locks whose holders are gone; gives how many. */
export function useUnlock() {
  const { client } = useConnection();
  return useUpkeep(() =>
    answerOf(unlockRepository({ client, headers: headers(), throwOnError: true })),
  );
}

function useUpkeep<Wanted, Answer>(work: (wanted: Wanted) => Promise<Answer>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: work,
    // Not waited for: what is done is said by a button that may be gone when the news is in.
    onSettled: () => {
      void cache.invalidateQueries({ queryKey: backupKeys.repository, exact: true });
      void cache.invalidateQueries({ queryKey: backupKeys.jobs });
    },
  });
}
