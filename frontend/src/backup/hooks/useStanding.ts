import { useQuery } from "@tanstack/react-query";
import { getBackupStats, getHealth } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf, GLANCE_MS, WATCH_MS } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** Whether the plan is protected. */
export function useHealth() {
  const { client } = useConnection();
  return useQuery({
    queryKey: backupKeys.health,
    queryFn: ({ signal }) => answerOf(getHealth({ client, signal, throwOnError: true })),
    refetchInterval: ({ state }) => (state.data?.running_jobs.length ? WATCH_MS : GLANCE_MS),
  });
}

/** The repository in numbers. */
export function useStats() {
  const { client } = useConnection();
  return useQuery({
    queryKey: backupKeys.stats,
    queryFn: ({ signal }) => answerOf(getBackupStats({ client, signal, throwOnError: true })),
  });
}
