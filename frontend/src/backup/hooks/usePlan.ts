import { useQuery } from "@tanstack/react-query";
import { getPlan } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** What is protected, and how backups are made unless a request says otherwise. */
export function usePlan() {
  const { client } = useConnection();
  return useQuery({
    queryKey: backupKeys.plan,
    queryFn: ({ signal }) => answerOf(getPlan({ client, signal, throwOnError: true })),
    // It is configured on the server, and changes when that is started anew.
    staleTime: 5 * 60_000,
  });
}
