import { useDebouncedValue } from "@mantine/hooks";
import {
  keepPreviousData,
  skipToken,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { newKey } from "@/api/connection";
import {
  cleanUpBackups,
  type JobShape,
  previewRetention,
  type RetentionShape,
} from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

const THINK_MS = 400;

/** What rules would do to the backups there are. Nothing is removed. */
export function useSimulation(policy: RetentionShape | null) {
  const look = useLook(policy);
  return useQuery({
    queryKey: [...backupKeys.cleanup, policy],
    queryFn: look,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
}

/** The same, looked at anew: since the page was opened, a backup may have been made. */
export function useFreshSimulation(policy: RetentionShape) {
  const look = useLook(policy);
  return useQuery({
    queryKey: [...backupKeys.cleanup, "asked", policy],
    queryFn: look,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

function useLook(query: RetentionShape | null) {
  const { client } = useConnection();
  if (query === null) return skipToken;
  return ({ signal }: { signal: AbortSignal }) =>
    answerOf(previewRetention({ client, query, signal, throwOnError: true }));
}

/** The same as `useSimulation`, once the rules have not been changed for a moment; null while one is misspelled. */
export function useThoughtSimulation(policy: RetentionShape | null) {
  const [thought] = useDebouncedValue(policy && JSON.stringify(policy), THINK_MS);
  return useSimulation(thought && JSON.parse(thought));
}

/** Remove what the rules say; gives the job. */
export function useCleanUp() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (policy: RetentionShape) => {
      const headers = { "Idempotency-Key": newKey() };
      const asked = cleanUpBackups({ client, body: { policy }, headers, throwOnError: true });
      return (await answerOf(asked)) as JobShape;
    },
    onSuccess: () => void cache.invalidateQueries({ queryKey: backupKeys.jobs }),
  });
}
