import { skipToken, useQuery } from "@tanstack/react-query";
import { getBackup } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf, paceOf, WATCH_MS } from "@/backup/hooks/answer";
import { isUnderWay } from "@/backup/jobs";
import { backupKeys } from "@/backup/keys";

/** One backup, by its id or that of the job that makes it. */
export function useBackup(id: string | undefined) {
  const { client } = useConnection();
  return useQuery({
    queryKey: backupKeys.one(id ?? ""),
    queryFn: id
      ? ({ signal }) =>
          answerOf(getBackup({ client, path: { backup_id: id }, signal, throwOnError: true }))
      : skipToken,
    refetchInterval: ({ state }) =>
      paceOf(state.error, state.data && isUnderWay(state.data) ? WATCH_MS : false),
  });
}
