import { Group, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { useChangeJob } from "@/backup/hooks/useJobs";
import { isCopyJob } from "@/backup/jobs";
import { ActionButton } from "@/parts/ActionButton";
import { useArrival } from "@/parts/focus";
import { JobProgress } from "@/parts/JobProgress";
import { sayFailed } from "@/parts/say";
import { When } from "@/parts/Values";
import { StepList } from "@/restore/StepList";
import { isReplacing } from "@/restore/steps";

/** A restore that is under way; it can be stopped as long as nothing was replaced. */
export function RestoreProgress({ job, safety }: { job: JobShape; safety?: boolean }) {
  const { t } = useTranslation("restoring");
  const change = useChangeJob();
  const copy = isCopyJob(job);
  const restoring = job.kind === "undo" ? t("job.undoing") : t("job.restoring");
  const untouched = isReplacing(job) ? t("job.replacing") : t("job.nothingYet");
  const stop = () =>
    change.mutate(
      { id: job.id, by: "cancel" },
      {
        onError: (error) => sayFailed(copy ? t("copy.notStopped") : t("job.notStopped"), error),
      },
    );
  return (
    <Stack gap="lg">
      <Stack gap={2}>
        <Title order={2} size="h4" {...useArrival<HTMLHeadingElement>()}>
          {copy ? t("copy.copying") : restoring}
        </Title>
        <Text size="sm" c="dimmed">
          {job.actor && `${t("job.by", { actor: job.actor })} · `}
          <When at={job.created_at} />
        </Text>
      </Stack>
      <JobProgress job={job} />
      <StepList job={job} safety={safety} />
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed">
          {copy ? t("copy.leave") : `${untouched} ${t("job.leave")}`}
        </Text>
        {!isReplacing(job) && (
          <ActionButton
            needs="restore"
            variant="default"
            onClick={stop}
            loading={change.isPending || job.cancel_requested}
          >
            {copy ? t("copy.stop") : t("job.stop")}
          </ActionButton>
        )}
      </Group>
    </Stack>
  );
}
