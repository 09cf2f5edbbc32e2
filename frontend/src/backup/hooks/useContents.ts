import { skipToken, useInfiniteQuery } from "@tanstack/react-query";
import { listBackupContents } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

const PAGE = 100;

/**
 * One folder of what a backup holds, page by page; empty is the top. With `search` it is what holds
 * that in its path, in the folder and in all below: a page says by `cut_short` that the server has
 * looked at as much as it does at once, and the next one goes on.
 */
export function useContents(id: string | undefined, path = "", search = "") {
  const { client } = useConnection();
  return useInfiniteQuery({
    queryKey: backupKeys.contents(id ?? "", path, search),
    queryFn: id
      ? ({ signal, pageParam }) =>
          answerOf(
            listBackupContents({
              client,
              path: { backup_id: id },
              query: { path, search: search || undefined, limit: PAGE, cursor: pageParam },
              signal,
              throwOnError: true,
            }),
          )
      : skipToken,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    // What is stored does not change.
    staleTime: Number.POSITIVE_INFINITY,
  });
}
