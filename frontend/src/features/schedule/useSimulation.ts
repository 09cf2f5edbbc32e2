import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { createConnection, newKey } from "@/api/connection";
import {
  type CleanupPreview,
  cleanUpBackups,
  type JobShape,
  type RetentionShape,
} from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

const THINK_MS = 400;

/** What the server answers who would have to give the password once more. */
export const PASSWORD_WANTED = "step-up-required";

/** What rules would do to the backups there are. Nothing is removed.
 *
 * It asks without being told to, so it must not ask for the password: it fails with
 * `PASSWORD_WANTED`, and `unlock` asks. */
export function useSimulation(policy: RetentionShape | null) {
  const { baseUrl, headers, stepUp } = useConnection();
  const { client } = useMemo(() => createConnection({ baseUrl, headers }), [baseUrl, headers]);
  const query = useQuery({
    queryKey: [...backupKeys.cleanup, policy],
    queryFn: async ({ signal }) => {
      const body = { dry_run: true, policy };
      const asked = cleanUpBackups({ client, body, signal, throwOnError: true });
      return (await answerOf(asked)) as CleanupPreview;
    },
    enabled: policy !== null,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  const unlock = useMutation({
    mutationFn: async () => (await stepUp?.()) ?? false,
    onSuccess: (given) => given && query.refetch(),
  });
  return { query, unlock };
}

/** The same, once the rules have not been changed for a moment; null while one is misspelled. */
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
    onSuccess: () => cache.invalidateQueries({ queryKey: backupKeys.jobs }),
  });
}
