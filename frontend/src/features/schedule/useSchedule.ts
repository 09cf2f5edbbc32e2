import {
  keepPreviousData,
  skipToken,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import {
  getSchedule,
  previewSchedule,
  putSchedule,
  type ScheduleChange,
  type ScheduleShape,
} from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";

/** The schedule as it was read, and what a change of it must name as `If-Match`. */
export interface ReadSchedule {
  schedule: ScheduleShape;
  etag: string;
}

const CURRENT = [...backupKeys.schedule, "current"];

/** When backups are made by themselves. */
export function useSchedule() {
  const { client } = useConnection();
  return useQuery({
    queryKey: CURRENT,
    queryFn: async ({ signal }): Promise<ReadSchedule> => {
      const { data, response } = await getSchedule({ client, signal, throwOnError: true });
      return read(data, response);
    },
    refetchInterval: 60_000,
  });
}

/** Replace the schedule, if it is still as it was read. */
export function useSaveSchedule() {
  const { client } = useConnection();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ change, etag }: { change: ScheduleChange; etag: string }) => {
      const headers = { "If-Match": etag };
      const saved = await putSchedule({ client, body: change, headers, throwOnError: true });
      return read(saved.data, saved.response);
    },
    onSuccess: (saved) => {
      cache.setQueryData(CURRENT, saved);
      void cache.invalidateQueries({ queryKey: backupKeys.health });
      void cache.invalidateQueries({ queryKey: backupKeys.cleanup });
    },
    // Above all after a conflict: then somebody else's is the one that counts.
    onError: () => cache.invalidateQueries({ queryKey: CURRENT }),
  });
}

/** The next runs of a schedule that is being thought of; null while it is not whole. */
export function usePreview(cron: string | null, timezone: string) {
  const { client } = useConnection();
  return useQuery({
    queryKey: [...backupKeys.schedule, "preview", cron, timezone],
    queryFn:
      cron === null
        ? skipToken
        : ({ signal }) =>
            answerOf(
              previewSchedule({ client, body: { cron, timezone }, signal, throwOnError: true }),
            ),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

function read(schedule: ScheduleShape, response: Response): ReadSchedule {
  return { schedule, etag: response.headers.get("ETag") ?? `"${schedule.version}"` };
}
