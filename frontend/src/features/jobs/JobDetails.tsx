import { Alert, Anchor, Button, Grid, Group, Paper, Stack, Text } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowLeft,
  IconClockPause,
  IconPlayerStop,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { JobShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { useBackupJob } from "@/backup/hooks/useBackupJob";
import { isCopyJob, isFinished, isRestore } from "@/backup/jobs";
import { AskAnew } from "@/features/jobs/AskAnew";
import { canRetry } from "@/features/jobs/can";
import { JobActions } from "@/features/jobs/JobActions";
import { JobFacts } from "@/features/jobs/JobFacts";
import { JobLog } from "@/features/jobs/JobLog";
import { JobResult } from "@/features/jobs/JobResult";
import { Cancelled } from "@/parts/Cancelled";
import { JobProgress } from "@/parts/JobProgress";
import { PageHead } from "@/parts/PageHead";
import { Said, SaidProblem } from "@/parts/Said";
import { Empty, Loaded, Loading } from "@/parts/States";
import { When } from "@/parts/Values";
import { FailedRestore } from "@/restore/FailedRestore";
import { Warnings } from "@/restore/Warnings";

/** One job: how far it is, what happened in it, and what came of it. */
export default function JobDetails({ id }: { id: string }) {
  const { t } = useTranslation("jobs");
  const job = useBackupJob(id);
  return (
    <>
      <Anchor component={Link} href="/jobs" size="sm" display="inline-block" mb="xs">
        <Group gap={4}>
          <IconArrowLeft size={16} aria-hidden />
          {t("details.back")}
        </Group>
      </Anchor>
      {job.data === undefined && <PageHead title={t("details.title")} />}
      {job.data === undefined && toProblem(job.error).status === 404 ? (
        <Missing />
      ) : (
        <Loaded query={job} loading={<Loading rows={3} height={120} />}>
          {(found) => <Found job={found} />}
        </Loaded>
      )}
    </>
  );
}

function Missing() {
  const { t } = useTranslation("jobs");
  return (
    <Empty
      order={2}
      title={t("details.missing")}
      action={
        <Button component={Link} href="/jobs">
          {t("details.back")}
        </Button>
      }
    >
      {t("details.missingHint")}
    </Empty>
  );
}

function Found({ job }: { job: JobShape }) {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t(`kind.${job.kind}`)} actions={<JobActions job={job} />}>
        {t(`status.${job.status}`)}
        {" · "}
        <When at={job.completed_at ?? job.started_at ?? job.created_at} />
      </PageHead>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="md">
            <Standing job={job} />
            <JobResult job={job} />
            <JobLog job={job} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <JobFacts job={job} />
        </Grid.Col>
      </Grid>
    </>
  );
}

/** That somebody stopped it, and what that left. */
function Stopped({ job }: { job: JobShape }) {
  const { t } = useTranslation();
  if (isRestore(job) || isCopyJob(job)) return <FailedRestore job={job} />;
  return (
    <Alert color="gray" icon={<IconPlayerStop aria-hidden />} title={t("cancelled.title")}>
      <Cancelled kind={job.kind} />
    </Alert>
  );
}

/** How far it is, or why it failed; and what is worth knowing besides. */
export function Standing({ job }: { job: JobShape }) {
  const { t } = useTranslation("jobs");
  const under = !isFinished(job);
  return (
    <>
      {under && (
        <Paper withBorder p="md">
          <JobProgress job={job} />
          {job.cancel_requested && (
            <Text size="sm" mt="sm">
              {t("details.stopping")}
            </Text>
          )}
        </Paper>
      )}
      {under && job.stalled && (
        <Alert color="orange" icon={<IconClockPause aria-hidden />} title={t("details.stalled")}>
          <Text size="sm">{t("details.stalledAbout")}</Text>
        </Alert>
      )}
      {job.status === "cancelled" && <Stopped job={job} />}
      {job.error && job.status !== "cancelled" && (
        <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={t("details.failed")}>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            <SaidProblem {...job.error} />
          </Text>
          {job.error.hint && (
            <Text size="sm" mt={4} style={{ overflowWrap: "anywhere" }}>
              <b>{t("details.hint")}</b> <Said>{job.error.hint}</Said>
            </Text>
          )}
        </Alert>
      )}
      {canRetry(job) === "anew" && <AskAnew job={job} />}
      <Warnings warnings={job.warnings} />
    </>
  );
}
