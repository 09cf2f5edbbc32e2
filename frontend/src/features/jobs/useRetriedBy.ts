import type { JobShape } from "@/api/generated/plan";
import { useJobs } from "@/backup/hooks/useJobs";
import { retriedBy } from "@/features/jobs/can";

/** The job that tried a failed one again: it is looked for among the newest of its kind. */
export function useRetriedBy(job: JobShape): string | null {
  const { data } = useJobs({ kind: [job.kind], limit: 100 });
  return retriedBy(data?.jobs ?? [], job.id);
}
