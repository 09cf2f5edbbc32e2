import { Box, Group, Loader, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconCheck, IconLock, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { useBackupJob } from "@/backup/hooks/useBackupJob";
import { isFinished } from "@/backup/jobs";
import type { BatchKind, Outcome } from "@/features/backups/batch";
import { nameOf } from "@/features/backups/name";
import { useLocale } from "@/i18n/useLocale";
import { Cancelled } from "@/parts/Cancelled";
import { JobProgress } from "@/parts/JobProgress";
import { Said, SaidProblem } from "@/parts/Said";
import { ProblemText } from "@/parts/States";
import { Bytes, When } from "@/parts/Values";

interface BatchItemProps {
  kind: BatchKind;
  backup: BackupShape;
  outcome: Outcome<string | null> | undefined;
}

/** One of several backups, and what came of it. */
export function BatchItem({ kind, backup, outcome }: BatchItemProps) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const stays = kind === "delete" && backup.keep;
  const job = outcome?.state === "done" ? outcome.result : null;
  return (
    <Box
      component="li"
      py="xs"
      style={{
        listStyle: "none",
        borderBottom:
          "1px solid light-dark(var(--mantine-color-gray-3), var(--mantine-color-dark-4))",
      }}
    >
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Stack gap={0} miw={0}>
          <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
            {nameOf(backup, locale)}
          </Text>
          <Text size="xs" c="dimmed">
            {backup.description?.trim() && (
              <>
                <When at={backup.created_at} as="short" /> ·{" "}
              </>
            )}
            <Bytes value={backup.original_size_bytes} />
          </Text>
        </Stack>
        {stays ? (
          <Standing icon={<IconLock size={14} aria-hidden />} color="gray" text={t("batch.kept")} />
        ) : (
          job === null && <State kind={kind} outcome={outcome} />
        )}
      </Group>
      {outcome?.state === "failed" && (
        <Box pt={4} role="alert">
          <ProblemText problem={toProblem(outcome.error)} />
        </Box>
      )}
      {job !== null && <Followed id={job} />}
    </Box>
  );
}

function State({ kind, outcome }: Pick<BatchItemProps, "kind" | "outcome">) {
  const { t } = useTranslation("backups");
  if (outcome === undefined) return null;
  if (outcome.state === "failed") {
    return <Standing icon={<IconX size={14} aria-hidden />} color="red" text={t("batch.failed")} />;
  }
  if (outcome.state === "done") {
    const done = t(`batch.${kind}.one`);
    return <Standing icon={<IconCheck size={14} aria-hidden />} color="teal" text={done} />;
  }
  if (outcome.state === "left") return <Standing text={t("batch.left")} />;
  if (outcome.state === "waiting") return <Standing text={t("batch.waiting")} />;
  return <Standing icon={<Loader size={14} />} color="gray" text={t("batch.working")} />;
}

function Standing({ icon, color, text }: { icon?: ReactNode; color?: string; text: string }) {
  return (
    <Group gap={6} wrap="nowrap" style={{ flexShrink: 0 }}>
      {icon && (
        <ThemeIcon size={20} radius="xl" variant="light" color={color}>
          {icon}
        </ThemeIcon>
      )}
      <Text size="sm">{text}</Text>
    </Group>
  );
}

/** The job that does it, until it has ended, and what it found. */
function Followed({ id }: { id: string }) {
  const { t } = useTranslation("backups");
  const { data: job } = useBackupJob(id);
  if (!job) return null;
  return (
    <Stack gap={4} pt={6}>
      <JobProgress job={job} />
      {job.status === "cancelled" && <Cancelled kind={job.kind} />}
      {job.error && job.status !== "cancelled" && (
        <Text size="sm" role="alert" style={{ overflowWrap: "anywhere" }}>
          <SaidProblem {...job.error} /> {job.error.hint && <Said>{job.error.hint}</Said>}
        </Text>
      )}
      {isFinished(job) && job.status === "completed" && (
        <Text size="sm">{t(job.kind === "drill" ? "batch.restores" : "batch.intact")}</Text>
      )}
    </Stack>
  );
}
