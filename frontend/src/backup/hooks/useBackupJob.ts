import { skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { getJob } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf, paceOf, WATCH_MS } from "@/backup/hooks/answer";
import { isFinished } from "@/backup/jobs";
import { backupKeys } from "@/backup/keys";

/** A job, followed until it has ended; then all that is known of backups is looked at again. */
export function useBackupJob(id: string | undefined) {
  return useFollowedJob(id, backupKeys.job(id ?? ""));
}

/** A restore or an undo, followed until it has ended. */
export function useRestoreJob(id: string | undefined) {
  return useFollowedJob(id, backupKeys.restore(id ?? ""));
}

function useFollowedJob(id: string | undefined, queryKey: readonly string[]) {
  const { client } = useConnection();
  const cache = useQueryClient();
  const query = useQuery({
    queryKey,
    queryFn: id
      ? ({ signal }) =>
          answerOf(getJob({ client, path: { job_id: id }, signal, throwOnError: true }))
      : skipToken,
    refetchInterval: ({ state }) =>
      paceOf(state.error, state.data && isFinished(state.data) ? false : WATCH_MS),
    // Somebody may look at another window while a restore runs, and wants to see that it is done.
    refetchIntervalInBackground: true,
  });
  const watched = useRef(false);
  const ended = query.data !== undefined && isFinished(query.data);
  useEffect(() => {
    if (ended && watched.current) void cache.invalidateQueries({ queryKey: backupKeys.all });
    watched.current = query.data !== undefined && !ended;
  }, [ended, query.data, cache]);
  return query;
}
