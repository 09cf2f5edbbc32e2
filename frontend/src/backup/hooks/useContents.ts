import { skipToken, useInfiniteQuery } from "@tanstack/react-query";
import { listBackupContents } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

const PAGE = 100;

/** One folder of what a backup holds, page by page; empty is the top. */
export function useContents(id: string | undefined, path = "") {
  const { client } = useConnection();
  return useInfiniteQuery({
    queryKey: backupKeys.contents(id ?? "", path),
    queryFn: id
      ? ({ signal, pageParam }) =>
          answerOf(
            listBackupContents({
              client,
              path: { backup_id: id },
              query: { path, limit: PAGE, cursor: pageParam },
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
