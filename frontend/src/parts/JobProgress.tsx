import { Group, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { isFinished } from "@/backup/jobs";
import { formatBytes, formatShare } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Said } from "@/parts/Said";
import { StatusBadge } from "@/parts/StatusBadge";

const ENDED_COLORS: Partial<Record<JobShape["status"], string>> = {
  failed: "red",
  cancelled: "gray",
};

/** How far a job is: what it is doing, a bar, and bytes. Read out by screen readers. */
export function JobProgress({ job }: { job: JobShape }) {
  const locale = useLocale();
  const { t } = useTranslation();
  const { progress_percent: percent, current_step: step, done_bytes, total_bytes } = job.progress;
  const ended = isFinished(job);
  const color = ended ? (ENDED_COLORS[job.status] ?? "teal") : "blue";
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <StatusBadge status={job.status} />
          <Text size="sm" aria-live="polite">
            {ended || !step ? t(`kind.${job.kind}`) : <Said kind="step">{step}</Said>}
          </Text>
        </Group>
        <Text size="sm" c="dimmed">
          {total_bytes
            ? `${formatBytes(done_bytes, locale)} / ${formatBytes(total_bytes, locale)}`
            : formatShare(percent / 100, locale)}
        </Text>
      </Group>
      <Progress
        value={percent}
        color={color}
        animated={!ended}
        aria-label={`${t(`kind.${job.kind}`)}: ${formatShare(percent / 100, locale)}`}
      />
    </Stack>
  );
}
