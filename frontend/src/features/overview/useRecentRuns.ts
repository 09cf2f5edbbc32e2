import { useQuery } from "@tanstack/react-query";
import { type BackupPage, type BackupShape, listBackups } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** As many as the server gives on one page. */
const LIMIT = 200;
/** Enough for a backup each hour; whoever makes more sees the newest of them. */
const MAX_PAGES = 10;
const EVERY_MS = 60_000;

/** All runs since a day, newest first; `complete` unless there are more than fit the page. */
export function useRecentRuns(from: string) {
  const { client } = useConnection();
  return useQuery({
    queryKey: [...backupKeys.list, "since", from],
    queryFn: async ({ signal }) => {
      const runs: BackupShape[] = [];
      let cursor: string | null = null;
      for (let page = 0; page < MAX_PAGES; page++) {
        const query = { from, limit: LIMIT, cursor };
        const asked = listBackups({ client, query, signal, throwOnError: true });
        const found: BackupPage = await answerOf(asked);
        runs.push(...found.backups);
        cursor = found.next_cursor;
        if (cursor === null) break;
      }
      return { runs, complete: cursor === null };
    },
    refetchInterval: EVERY_MS,
  });
}
