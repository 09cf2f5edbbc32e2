import { Anchor, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { BackupShape, JobShape } from "@/api/generated/plan";
import { useJobs } from "@/backup/hooks/useJobs";
import { copyFolder, isFinished } from "@/backup/jobs";
import { Unsuccessful } from "@/features/backups/cells";
import type { JobEvent } from "@/features/backups/findings";
import { useJobEvents } from "@/features/backups/useJobEvents";
import { useMakingJob } from "@/features/backups/useMakingJob";
import { formatExact } from "@/format/times";
import { useLocale } from "@/i18n/useLocale";
import { CopyValue } from "@/parts/CopyValue";
import { JobProgress } from "@/parts/JobProgress";
import { Said } from "@/parts/Said";
import { Loaded } from "@/parts/States";
import { StatusBadge } from "@/parts/StatusBadge";
import { When } from "@/parts/Values";

/** The jobs that made a backup and worked with it since, newest first. */
export function Log({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  const query = useJobs({ backup_id: backup.id, limit: 50 });
  const made = useMakingJob(backup);
  return (
    <Loaded query={query}>
      {({ jobs }) => {
        // One that failed knows of no backup, and so is not among those of one.
        const making = jobs.some((each) => each.id === made?.id) ? [] : [made];
        const all = [...jobs, ...making].filter((each) => each !== undefined);
        return (
          <Stack gap="sm">
            {all.length === 0 && <Text size="sm">{t("log.none")}</Text>}
            {all.map((job) => (
              <LoggedJob key={job.id} job={job} />
            ))}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function LoggedJob({ job }: { job: JobShape }) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const [opened, { toggle }] = useDisclosure();
  const folder = copyFolder(job);
  return (
    <Paper withBorder p="sm" component="section" aria-label={word(`kind.${job.kind}`)}>
      <Stack gap={6}>
        <Group justify="space-between" gap="xs">
          <Group gap="xs">
            <Title order={3} size="h5">
              {word(`kind.${job.kind}`)}
            </Title>
            <StatusBadge status={job.status} />
          </Group>
          <Text size="sm" c="dimmed">
            <When at={job.created_at} as="short" /> · {job.actor ?? word(`trigger.${job.trigger}`)}
          </Text>
        </Group>
        {!isFinished(job) && <JobProgress job={job} />}
        <Unsuccessful job={job} />
        {folder !== null && <CopyValue value={folder} what={t("log.folder")} />}
        {job.warnings.map((each) => (
          <Text key={each} size="sm" style={{ overflowWrap: "anywhere" }}>
            <Said>{each}</Said>
          </Text>
        ))}
        {opened && <Events job={job} />}
        <Group gap="md">
          {isFinished(job) && (
            <Button size="compact-sm" variant="default" aria-expanded={opened} onClick={toggle}>
              {t("log.events")}
            </Button>
          )}
          <Anchor component={Link} size="sm" href={`/jobs/${job.id}`}>
            {t("log.job")}
          </Anchor>
        </Group>
      </Stack>
    </Paper>
  );
}

function Events({ job }: { job: JobShape }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  return (
    <Loaded query={useJobEvents(job.id)}>
      {(events) => (
        <Stack component="ol" gap={2} p={0} m={0} aria-label={t("log.events")}>
          {events.map((each) => (
            <Group
              key={each.number}
              component="li"
              gap="sm"
              wrap="nowrap"
              align="flex-start"
              style={{ listStyle: "none" }}
            >
              <Text
                component="time"
                size="xs"
                c="dimmed"
                dateTime={each.at}
                title={formatExact(new Date(each.at), locale)}
                style={{ flexShrink: 0, lineHeight: "20px" }}
              >
                {time.format(new Date(each.at))}
              </Text>
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                <Told event={each} />
              </Text>
            </Group>
          ))}
        </Stack>
      )}
    </Loaded>
  );
}

function Told({ event: { event, status, text } }: { event: JobEvent }) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  if (event === "warning") {
    return (
      <>
        {t("log.warning")}: <Said>{text}</Said>
      </>
    );
  }
  if (event === "progress" || status === null) return <Said kind="step">{text}</Said>;
  return word(`status.${status}`);
}
