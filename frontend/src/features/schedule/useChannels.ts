import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { listNotifications, testNotification } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** Where people are told how backups fare. */
export function useChannels() {
  const { client } = useConnection();
  return useQuery({
    queryKey: backupKeys.notifications,
    queryFn: ({ signal }) => answerOf(listNotifications({ client, signal, throwOnError: true })),
  });
}

/** Send a test message on a channel; gives what came of it. */
export function useTestChannel() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) =>
      answerOf(testNotification({ client, path: { name }, throwOnError: true })),
    onSettled: () => void cache.invalidateQueries({ queryKey: backupKeys.notifications }),
  });
}
