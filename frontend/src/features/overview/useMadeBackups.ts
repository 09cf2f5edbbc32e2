import { useQuery } from "@tanstack/react-query";
import { type JobPage, type JobShape, listJobs } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** As many as the server gives on one page. */
const LIMIT = 200;
const MAX_PAGES = 10;

/** The jobs that made a backup since a day, newest first; also of those that are gone since. */
export function useMadeBackups(from: string) {
  const { client } = useConnection();
  return useQuery({
    queryKey: [...backupKeys.jobs, "made since", from],
    queryFn: async ({ signal }) => {
      const made: JobShape[] = [];
      let cursor: string | null = null;
      for (let page = 0; page < MAX_PAGES; page++) {
        const query = { kind: ["backup" as const], status: ["completed" as const] };
        const asked = { client, query: { ...query, limit: LIMIT, cursor }, signal };
        const found: JobPage = await answerOf(listJobs({ ...asked, throwOnError: true }));
        made.push(...found.jobs.filter((job) => Date.parse(job.created_at) >= Date.parse(from)));
        cursor = made.length < (page + 1) * LIMIT ? null : found.next_cursor;
        if (cursor === null) break;
      }
      return made;
    },
    staleTime: 60_000,
  });
}
