import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getSchedule, putSchedule } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** The schedule, to look at. */
export function useScheduleGlance() {
  const { client } = useConnection();
  return useQuery({
    queryKey: [...backupKeys.schedule, "glance"],
    queryFn: ({ signal }) => answerOf(getSchedule({ client, signal, throwOnError: true })),
  });
}

/** Turn the schedule on as it is; refused if somebody changes it meanwhile. */
export function useTurnScheduleOn() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      const { cron, timezone, retention, misfire, version } = await answerOf(
        getSchedule({ client, throwOnError: true }),
      );
      return answerOf(
        putSchedule({
          client,
          body: { cron, timezone, retention, misfire, enabled: true },
          headers: { "If-Match": `"${version}"` },
          throwOnError: true,
        }),
      );
    },
    onSettled: () => void cache.invalidateQueries({ queryKey: backupKeys.all }),
  });
}
