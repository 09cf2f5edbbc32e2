import { Badge, Group, Progress, Stack, Text, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconFileAlert,
  IconLock,
  IconPuzzle,
  IconShieldX,
  IconZoomExclamation,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { BackupShape, JobShape } from "@/api/generated/plan";
import { isUnderWay } from "@/backup/jobs";
import classes from "@/features/backups/cells.module.css";
import { nameOf } from "@/features/backups/name";
import { useView } from "@/features/backups/useView";
import { warningsOf } from "@/features/backups/warnings";
import { formatShare } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Cancelled } from "@/parts/Cancelled";
import { Said, SaidProblem } from "@/parts/Said";

/** What a backup is called; leads to all that is known of it. */
export function NameLink({ backup }: { backup: BackupShape }) {
  const locale = useLocale();
  const { addressOf, state } = useView();
  return (
    <Link id={`at-${backup.id}`} href={addressOf(backup.id)} state={state} className={classes.name}>
      {nameOf(backup, locale)}
    </Link>
  );
}

/** The tags of a backup, and what else is particular about it. */
export function Marks({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  const warnings = warningsOf(backup);
  return (
    <Group gap={6}>
      {backup.keep && (
        <Mark color="sea" icon={IconLock} text={t("mark.keep")} hint={t("mark.keepHint")} />
      )}
      {backup.disproven && (
        <Mark
          color="red"
          icon={IconShieldX}
          text={t("mark.disproven")}
          hint={t("mark.disprovenHint")}
        />
      )}
      {backup.damaged && (
        <Mark
          color="red"
          icon={IconZoomExclamation}
          text={t("mark.damaged")}
          hint={t("mark.damagedHint")}
        />
      )}
      {backup.only.length > 0 && (
        <Mark
          color="orange"
          icon={IconPuzzle}
          text={t("mark.only", { sources: backup.only.join(", ") })}
          hint={t("mark.onlyHint")}
        />
      )}
      {backup.problems.length > 0 && (
        <Mark
          color="orange"
          icon={IconFileAlert}
          text={t("mark.problems", { count: backup.problems.length })}
          hint={backup.problems[0] ?? ""}
        />
      )}
      {warnings.length > 0 && (
        <Mark
          color="orange"
          icon={IconAlertTriangle}
          text={t("mark.warnings", { count: warnings.length })}
          hint={warnings[0] ?? ""}
        />
      )}
      {backup.tags.map((tag) => (
        <Badge key={tag} variant="default" tt="none" fw={500} radius="sm">
          {tag}
        </Badge>
      ))}
    </Group>
  );
}

interface MarkProps {
  color: string;
  icon: typeof IconLock;
  text: string;
  hint: string;
}

function Mark({ color, icon: Icon, text, hint }: MarkProps) {
  return (
    <Tooltip label={hint} multiline maw={320}>
      <Badge
        color={color}
        variant="light"
        tt="none"
        fw={600}
        radius="sm"
        leftSection={<Icon size={13} aria-hidden />}
      >
        {text}
      </Badge>
    </Tooltip>
  );
}

/** How far a backup is that is being made, or why there is none. */
export function Happening({ backup }: { backup: BackupShape }) {
  if (isUnderWay(backup)) return <UnderWay backup={backup} />;
  if (backup.status === "cancelled") return <Cancelled kind="backup" />;
  if (backup.error) return <WhyNot error={backup.error} />;
  return null;
}

function UnderWay({ backup }: { backup: BackupShape }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const percent = backup.progress?.progress_percent ?? 0;
  const share = formatShare(percent / 100, locale);
  return (
    <Stack gap={4} maw={420}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="xs" c="dimmed" truncate>
          {backup.progress?.current_step ? (
            <Said kind="step">{backup.progress.current_step}</Said>
          ) : backup.status === "pending" ? (
            t("list.waiting")
          ) : (
            word("status.running")
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {share}
        </Text>
      </Group>
      <Progress size="sm" value={percent} animated aria-label={t("list.progress", { share })} />
    </Stack>
  );
}

/** Why a job brought nothing: it failed, or somebody stopped it. */
export function Unsuccessful({ job }: { job: JobShape }) {
  if (job.status === "cancelled") return <Cancelled kind={job.kind} />;
  return job.error && <WhyNot error={job.error} />;
}

/** Why a backup failed, and what to do about it. */
export function WhyNot({ error }: { error: NonNullable<BackupShape["error"]> }) {
  return (
    <Group gap={8} wrap="nowrap" align="flex-start" maw={620}>
      <IconAlertTriangle
        size={17}
        color="var(--mantine-color-error)"
        className={classes.sign}
        aria-hidden
      />
      <Text size="sm" component="div" className={classes.text}>
        <SaidProblem {...error} />
        {error.hint && (
          <Text size="sm" c="dimmed">
            <Said>{error.hint}</Said>
          </Text>
        )}
      </Text>
    </Group>
  );
}
