import { Group, Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconCheck, IconMinus, IconShieldCheck, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { BackupShape, CheckShape, JobShape } from "@/api/generated/plan";
import { useJobs } from "@/backup/hooks/useJobs";
import { isFinished } from "@/backup/jobs";
import { useAsking } from "@/features/backups/asking";
import { Unsuccessful } from "@/features/backups/cells";
import { checksOf } from "@/features/backups/findings";
import { ActionButton } from "@/parts/ActionButton";
import { JobProgress } from "@/parts/JobProgress";
import { Said } from "@/parts/Said";
import { Empty, Loaded } from "@/parts/States";
import { StatusBadge } from "@/parts/StatusBadge";
import { When } from "@/parts/Values";

/** The verifications and drills of a backup, newest first, each with what it found. */
export function Checks({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  const query = useJobs({ backup_id: backup.id, kind: ["verify", "drill"], limit: 20 });
  return (
    <Loaded query={query}>
      {({ jobs }) => (
        <Stack gap="sm">
          {jobs.length > 0 && <Prove backup={backup} />}
          {jobs.map((job) => (
            <Proof key={job.id} job={job} />
          ))}
          {jobs.length === 0 && (
            <Empty
              title={t(backup.verified_at ? "checks.elsewhere" : "checks.none")}
              icon={<IconShieldCheck size={28} stroke={1.5} aria-hidden />}
              action={<Prove backup={backup} />}
            >
              {backup.verified_at && (
                <>
                  {t(backup.verified ? "checks.passedAt" : "checks.failedAt")}{" "}
                  <When at={backup.verified_at} as="short" />.{" "}
                </>
              )}
              {t("checks.about")}
            </Empty>
          )}
        </Stack>
      )}
    </Loaded>
  );
}

function Prove({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  const { ask } = useAsking();
  return (
    <Group gap="xs">
      {(["verify", "drill"] as const).map((kind) => (
        <ActionButton
          key={kind}
          needs="run"
          size="xs"
          variant="default"
          onClick={() => ask({ kind, backups: [backup] })}
        >
          {t(`action.${kind}`)}
        </ActionButton>
      ))}
    </Group>
  );
}

function Proof({ job }: { job: JobShape }) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const checks = checksOf(job);
  return (
    <Paper withBorder p="sm" component="section" aria-label={word(`kind.${job.kind}`)}>
      <Stack gap={8}>
        {isFinished(job) ? (
          <Group justify="space-between" gap="xs">
            <Group gap="xs">
              <Title order={3} size="h5">
                {word(`kind.${job.kind}`)}
              </Title>
              <StatusBadge status={job.status} />
            </Group>
            <Text size="sm" c="dimmed">
              <When at={job.completed_at} as="short" />
              {job.actor && ` · ${job.actor}`}
            </Text>
          </Group>
        ) : (
          <JobProgress job={job} />
        )}
        <Unsuccessful job={job} />
        {checks.length > 0 && (
          <Stack component="ul" gap={4} p={0} m={0} aria-label={t("details.checks")}>
            {checks.map((check) => (
              <Check key={check.name} check={check} />
            ))}
          </Stack>
        )}
      </Stack>
    </Paper>
  );
}

function Check({ check }: { check: CheckShape }) {
  const { t } = useTranslation("backups");
  const how = check.skipped ? "skipped" : check.passed ? "passed" : "failed";
  const Icon = { skipped: IconMinus, passed: IconCheck, failed: IconX }[how];
  const color = { skipped: "gray", passed: "teal", failed: "red" }[how];
  return (
    <Group component="li" gap={8} wrap="nowrap" align="flex-start" style={{ listStyle: "none" }}>
      <ThemeIcon
        size={20}
        radius="xl"
        variant="light"
        color={color}
        role="img"
        aria-label={t(`checks.${how}`)}
      >
        <Icon size={13} aria-hidden />
      </ThemeIcon>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        <Said kind="check">{check.name}</Said>
        {check.detail && (
          <Text span inherit c="dimmed">
            {" · "}
            <Said>{check.detail}</Said>
          </Text>
        )}
      </Text>
    </Group>
  );
}
