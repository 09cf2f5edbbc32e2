import { Alert, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { isCopyJob } from "@/backup/jobs";
import { Said, SaidProblem } from "@/parts/Said";
import { aftermathOf } from "@/restore/steps";

/** That a restore did not succeed: what that left behind first, then why, and what to do. */
export function FailedRestore({ job }: { job: JobShape }) {
  const { t } = useTranslation("restoring");
  const aftermath = aftermathOf(job);
  const cancelled = job.status === "cancelled";
  const ended = cancelled ? t("failed.cancelled") : t("failed.title");
  const copyEnded = cancelled ? t("failed.copyCancelled") : t("failed.copy");
  return (
    <Alert
      color={cancelled ? "gray" : "red"}
      role="alert"
      icon={cancelled ? <IconCircleX aria-hidden /> : <IconAlertTriangle aria-hidden />}
      title={`${isCopyJob(job) ? copyEnded : ended} ${t(`failed.${aftermath}`)}`}
    >
      <Stack gap={4}>
        {(aftermath === "takenBack" || aftermath === "open") && (
          <Text size="sm">{t(`failed.about.${aftermath}`)}</Text>
        )}
        {job.error && !cancelled && (
          <>
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              <SaidProblem {...job.error} />
            </Text>
            {job.error.hint && (
              <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                <Said>{job.error.hint}</Said>
              </Text>
            )}
          </>
        )}
      </Stack>
    </Alert>
  );
}
