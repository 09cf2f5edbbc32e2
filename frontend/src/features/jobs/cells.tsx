import { Group, Progress, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { JobShape } from "@/api/generated/plan";
import { isFinished } from "@/backup/jobs";
import { secondsOf } from "@/features/jobs/can";
import classes from "@/features/jobs/cells.module.css";
import { useSayings } from "@/features/jobs/useSayings";
import { formatShare } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Cancelled } from "@/parts/Cancelled";
import { Said, SaidProblem } from "@/parts/Said";
import { useSeconds } from "@/parts/useNow";
import { Took } from "@/parts/Values";

/** What a job does; leads to all that is known of it. */
export function JobLink({ job }: { job: JobShape }) {
  const { t } = useTranslation();
  return (
    <Text component={Link} href={`/jobs/${job.id}`} className={classes.name}>
      {t(`kind.${job.kind}`)}
    </Text>
  );
}

/** What comes of a job, in a line: how far it is, why it failed, or what it did. */
export function Gist({ job }: { job: JobShape }) {
  if (!isFinished(job)) return <UnderWay job={job} />;
  if (job.status === "cancelled") return <Cancelled kind={job.kind} />;
  if (job.error) return <Trouble error={job.error} />;
  return <Done job={job} />;
}

function UnderWay({ job }: { job: JobShape }) {
  const locale = useLocale();
  const { t } = useTranslation("jobs");
  const { progress_percent: percent, current_step: step } = job.progress;
  const share = formatShare(percent / 100, locale);
  return (
    <Stack gap={4} maw={420}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="sm" c="dimmed" truncate>
          {step ? <Said kind="step">{step}</Said> : t("list.waiting")}
        </Text>
        <Text size="sm" c="dimmed">
          {share}
        </Text>
      </Group>
      <Progress size="sm" value={percent} animated aria-label={t("list.progress", { share })} />
    </Stack>
  );
}

function Trouble({ error }: { error: NonNullable<JobShape["error"]> }) {
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      <IconAlertTriangle
        size={16}
        color="var(--mantine-color-error)"
        className={classes.sign}
        aria-hidden
      />
      <Text size="sm" className={classes.text} lineClamp={2}>
        <SaidProblem {...error} />
      </Text>
    </Group>
  );
}

function Done({ job }: { job: JobShape }) {
  const { t } = useTranslation("jobs");
  const said = useSayings(job)[0];
  const warned = job.warnings.length;
  return (
    <Text size="sm" c="dimmed" className={classes.text}>
      {[said, warned > 0 && t("list.warnings", { count: warned })].filter(Boolean).join(" ")}
    </Text>
  );
}

/** Who asked for a job; or what did. */
export function Asker({ job }: { job: JobShape }) {
  const { t } = useTranslation();
  return <>{job.actor ?? t(`trigger.${job.trigger}`)}</>;
}

/** How long a job took, or has taken until now. */
export function JobTook({ job }: { job: JobShape }) {
  const seconds = secondsOf(job, useSeconds(!isFinished(job)));
  return seconds === null ? null : <Took seconds={seconds} />;
}
