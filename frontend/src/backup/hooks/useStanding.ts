import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getBackupStats, getHealth, type HealthShape } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf, GLANCE_MS, WATCH_MS } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** Whether the plan is protected; when that tells of a new backup or job, the rest is asked anew. */
export function useHealth() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useQuery({
    queryKey: backupKeys.health,
    queryFn: async ({ signal }) => {
      const before = cache.getQueryData<HealthShape>(backupKeys.health);
      const found = await answerOf(getHealth({ client, signal, throwOnError: true }));
      if (before && hasMoved(before, found)) {
        for (const queryKey of [backupKeys.stats, backupKeys.list, backupKeys.jobs]) {
          void cache.invalidateQueries({ queryKey });
        }
      }
      return found;
    },
    refetchInterval: ({ state }) => (state.data?.running_jobs.length ? WATCH_MS : GLANCE_MS),
  });
}

type Marks = Pick<HealthShape, "last_success_id" | "last_verified_id" | "running_jobs">;

/** Whether something was done meanwhile, here or elsewhere: by the schedule, say. */
function hasMoved(before: Marks, after: Marks): boolean {
  const marks = ({ last_success_id: last, last_verified_id: proven, running_jobs: jobs }: Marks) =>
    JSON.stringify([last, proven, jobs]);
  return marks(before) !== marks(after);
}

/** The repository in numbers. */
export function useStats() {
  const { client } = useConnection();
  return useQuery({
    queryKey: backupKeys.stats,
    queryFn: ({ signal }) => answerOf(getBackupStats({ client, signal, throwOnError: true })),
  });
}
