import { useQuery } from "@tanstack/react-query";
import { type BackupShape, listBackups } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { isStored } from "@/backup/jobs";
import { backupKeys } from "@/backup/keys";

const PAGE = 200;

/** All backups that are stored, on whatever page: to see what deleting some would leave. */
export function useAllBackups({ enabled = true } = {}) {
  const { client } = useConnection();
  return useQuery({
    queryKey: [...backupKeys.list, "stored"],
    queryFn: async ({ signal }) => {
      const found: BackupShape[] = [];
      let cursor: string | null = null;
      do {
        const query: { limit: number; cursor: string | null } = { limit: PAGE, cursor };
        const page = await answerOf(listBackups({ client, query, signal, throwOnError: true }));
        found.push(...page.backups.filter(isStored));
        cursor = page.next_cursor;
      } while (cursor !== null);
      return found;
    },
    enabled,
  });
}
