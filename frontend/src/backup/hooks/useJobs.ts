import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { newKey } from "@/api/connection";
import { cancelJob, type ListJobsData, listJobs, retryJob } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf, GLANCE_MS, paceOf, WATCH_MS } from "@/backup/hooks/answer";
import { isFinished } from "@/backup/jobs";
import { backupKeys } from "@/backup/keys";

export type JobQuery = NonNullable<ListJobsData["query"]>;

/** The jobs, newest first; looked at often while one is under way. */
export function useJobs(query: JobQuery = {}) {
  const { client } = useConnection();
  return useQuery({
    queryKey: [...backupKeys.jobs, query],
    queryFn: ({ signal }) => answerOf(listJobs({ client, query, signal, throwOnError: true })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      paceOf(state.error, state.data?.jobs.every(isFinished) ? GLANCE_MS : WATCH_MS),
  });
}

const WAYS = { cancel: cancelJob, retry: retryJob };

/** Cancel a job, or try one again; gives the job that was changed or made. */
export function useChangeJob() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, by }: { id: string; by: keyof typeof WAYS }) =>
      answerOf(
        WAYS[by]({
          client,
          path: { job_id: id },
          headers: { "Idempotency-Key": newKey() },
          throwOnError: true,
        }),
      ),
    onSettled: () => void cache.invalidateQueries({ queryKey: backupKeys.all }),
  });
}
