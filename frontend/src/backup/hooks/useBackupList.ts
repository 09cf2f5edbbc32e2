import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ListBackupsData, listBackups } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf, GLANCE_MS, paceOf, WATCH_MS } from "@/backup/hooks/answer";
import { isUnderWay } from "@/backup/jobs";
import { backupKeys } from "@/backup/keys";

export type BackupQuery = NonNullable<ListBackupsData["query"]>;

/** The backups, as the filters want them; looked at often while one is being made. */
export function useBackupList(query: BackupQuery = {}) {
  const { client } = useConnection();
  return useQuery({
    // All of them stand under the key itself, where a host looks for them.
    queryKey: Object.keys(query).length > 0 ? [...backupKeys.list, query] : backupKeys.list,
    queryFn: ({ signal }) => answerOf(listBackups({ client, query, signal, throwOnError: true })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      paceOf(state.error, state.data?.backups.some(isUnderWay) ? WATCH_MS : GLANCE_MS),
  });
}
