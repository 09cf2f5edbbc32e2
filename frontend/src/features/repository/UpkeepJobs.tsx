import { Anchor, Divider, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useBackupJob } from "@/backup/hooks/useBackupJob";
import { useJobs } from "@/backup/hooks/useJobs";
import { isFinished } from "@/backup/jobs";
import { backupKeys } from "@/backup/keys";
import { Cancelled } from "@/parts/Cancelled";
import { JobProgress } from "@/parts/JobProgress";
import { Said, SaidProblem } from "@/parts/Said";

/** The checks and prunes that run, whoever asked for them; how they ended stays for a while. */
export function UpkeepJobs() {
  const { data } = useJobs({ kind: ["check", "prune"], limit: 5 });
  const [seen, setSeen] = useState<readonly string[]>([]);
  useEffect(() => {
    const running = data?.jobs.filter((job) => !isFinished(job)).map(({ id }) => id) ?? [];
    setSeen((before) => {
      const added = running.filter((id) => !before.includes(id));
      return added.length > 0 ? [...added, ...before].slice(0, running.length) : before;
    });
  }, [data]);
  return seen.map((id) => <Followed key={id} id={id} />);
}

function Followed({ id }: { id: string }) {
  const { t } = useTranslation("repository");
  const cache = useQueryClient();
  const { data: job } = useBackupJob(id);
  const ended = job !== undefined && isFinished(job);
  useEffect(() => {
    // A short one has ended when it is first looked at: the cards beside it must know that too.
    if (!ended) return;
    for (const queryKey of [backupKeys.repository, backupKeys.stats]) {
      void cache.invalidateQueries({ queryKey, exact: true });
    }
  }, [ended, cache]);
  if (!job) return null;
  return (
    <Stack gap={6}>
      <JobProgress job={job} />
      {job.status === "cancelled" && <Cancelled kind={job.kind} />}
      {job.error && job.status !== "cancelled" && (
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          <SaidProblem {...job.error} />{" "}
          <Text span inherit c="dimmed">
            {job.error.hint && <Said>{job.error.hint}</Said>}
          </Text>
        </Text>
      )}
      <Anchor component={Link} href={`/jobs/${id}`} size="sm">
        {t("upkeep.log")}
      </Anchor>
      <Divider />
    </Stack>
  );
}
