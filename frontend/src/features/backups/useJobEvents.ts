import { useQuery } from "@tanstack/react-query";
import { toProblem } from "@/api/problem";
import { useConnection } from "@/backup/BackupProvider";
import { backupKeys } from "@/backup/keys";
import { eventsOf } from "@/features/backups/findings";

/** What happened in a job that has ended: its stream of events ends, too. */
export function useJobEvents(id: string) {
  const { baseUrl, send } = useConnection();
  return useQuery({
    queryKey: [...backupKeys.job(id), "events"],
    queryFn: async ({ signal }) => {
      const answer = await send(`${baseUrl}/jobs/${encodeURIComponent(id)}/events`, { signal });
      if (!answer.ok) throw toProblem(await answer.json().catch(() => null), answer.status);
      return eventsOf(await answer.text());
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}
