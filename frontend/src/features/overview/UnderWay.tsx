import { Button, Divider, Group, Paper, Stack, Title } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { JobShape, JobStatus } from "@/api/generated/plan";
import { Problem } from "@/api/problem";
import { useBackupJob } from "@/backup/hooks/useBackupJob";
import { useChangeJob, useJobs } from "@/backup/hooks/useJobs";
import { isFinished } from "@/backup/jobs";
import { ActionButton } from "@/parts/ActionButton";
import { permissionFor } from "@/parts/access";
import { Cancelled } from "@/parts/Cancelled";
import { JobProgress } from "@/parts/JobProgress";
import { ProblemText } from "@/parts/States";
import { sayDone, sayFailed } from "@/parts/say";

const ACTIVE: JobStatus[] = ["pending", "running", "validating", "restoring"];

/** What a job said of its failure came with no answer of its own. */
const ENDED = 200;

/** The jobs that are under way, and those that ended while they were looked at. */
export function UnderWay() {
  const { t } = useTranslation("overview");
  const { data } = useJobs({ status: ACTIVE, limit: 20 });
  const [seen, setSeen] = useState<readonly string[]>([]);
  useEffect(() => {
    const active = data?.jobs.map(({ id }) => id) ?? [];
    setSeen((before) => {
      const added = active.filter((id) => !before.includes(id));
      // How the last few ended stays until another screen is opened.
      return added.length > 0 ? [...added, ...before].slice(0, Math.max(active.length, 3)) : before;
    });
  }, [data]);
  if (seen.length === 0) return null;
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="under-way">
      <Title order={2} size="h4" id="under-way" mb="sm">
        {data?.jobs.length ? t("jobs.title") : t("jobs.ended")}
      </Title>
      <Stack gap="md">
        {seen.map((id, row) => (
          <Stack key={id} gap="md">
            {row > 0 && <Divider />}
            <JobRow id={id} />
          </Stack>
        ))}
      </Stack>
    </Paper>
  );
}

function JobRow({ id }: { id: string }) {
  const { t } = useTranslation(["overview", "common"]);
  const { data: job } = useBackupJob(id);
  if (!job) return null;
  const kind = t(`kind.${job.kind}`, { ns: "common" });
  return (
    <Group gap="md" align="center">
      <Stack gap="xs" flex="1 1 260px" miw={0}>
        <JobProgress job={job} />
        {job.status === "cancelled" && <Cancelled kind={job.kind} />}
        {job.error && job.status !== "cancelled" && (
          <ProblemText
            problem={new Problem({ ...job.error, detail: job.error.message, status: ENDED })}
          />
        )}
      </Stack>
      <Group gap="xs">
        <Button
          component={Link}
          href={`/jobs/${id}`}
          variant="default"
          size="xs"
          aria-label={t("jobs.logOne", { kind })}
        >
          {t("jobs.log")}
        </Button>
        {!isFinished(job) && <CancelButton job={job} label={t("jobs.cancelOne", { kind })} />}
      </Group>
    </Group>
  );
}

function CancelButton({ job, label }: { job: JobShape; label: string }) {
  const { t } = useTranslation("overview");
  const change = useChangeJob();
  const cancel = () =>
    change.mutate(
      { id: job.id, by: "cancel" },
      {
        onSuccess: () => sayDone(t("jobs.cancelAsked")),
        onError: (error) => sayFailed(t("jobs.cancelFailed"), error),
      },
    );
  return (
    <ActionButton
      needs={permissionFor(job)}
      variant="default"
      size="xs"
      aria-label={label}
      loading={change.isPending || job.cancel_requested}
      onClick={cancel}
    >
      {t("jobs.cancel")}
    </ActionButton>
  );
}
