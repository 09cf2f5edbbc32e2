import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import type { Problem } from "@/api/problem";
import { useConnection } from "@/backup/BackupProvider";
import { backupKeys } from "@/backup/keys";
import { type Following, followJob } from "@/features/jobs/following";
import { type JobEvent, linesOf } from "@/features/jobs/log";

interface Log {
  events: JobEvent[];
  following: Following;
  problem?: Problem;
}

const NOTHING: Log = { events: [], following: "opening" };

/** The log of a job, from its beginning on, and kept up until the job has ended. */
export function useJobLog(id: string) {
  const { baseUrl, send } = useConnection();
  const cache = useQueryClient();
  const [log, setLog] = useState(NOTHING);
  useEffect(() => {
    const leaving = new AbortController();
    setLog(NOTHING);
    void followJob({
      signal: leaving.signal,
      open: (lastEventId, signal) =>
        send(`${baseUrl}/jobs/${encodeURIComponent(id)}/events`, {
          signal,
          headers: { Accept: "text/event-stream", "Last-Event-ID": lastEventId },
        }),
      onEvent: (event) => {
        setLog((before) => ({ ...before, events: [...before.events, event] }));
        // What is shown beside the log is as new as the log; replayed events are old.
        if (event.kind === "finished") {
          void cache.invalidateQueries({ queryKey: backupKeys.job(id) });
        }
      },
      onFollowing: (following, problem) =>
        setLog((before) =>
          before.following === following ? before : { ...before, following, problem },
        ),
    });
    return () => leaving.abort();
  }, [id, baseUrl, send, cache]);
  const { events, ...rest } = log;
  return { lines: useMemo(() => linesOf(events), [events]), ...rest };
}
