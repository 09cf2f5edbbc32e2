import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { useBackupJob } from "@/backup/hooks/useBackupJob";
import { isFinished } from "@/backup/jobs";
import { formatBytes } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Cancelled } from "@/parts/Cancelled";
import { JobProgress } from "@/parts/JobProgress";
import { Said, SaidProblem } from "@/parts/Said";
import { Loaded } from "@/parts/States";

/** A cleanup under way, and what became of it. */
export function CleanUpJob({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation("common");
  const query = useBackupJob(id);
  return (
    <Loaded query={query}>
      {(job) => (
        <Stack>
          <JobProgress job={job} />
          <Outcome job={job} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} data-autofocus>
              {t("actions.close")}
            </Button>
          </Group>
        </Stack>
      )}
    </Loaded>
  );
}

function Outcome({ job }: { job: JobShape }) {
  const { t } = useTranslation("schedule");
  const locale = useLocale();
  if (!isFinished(job)) return <Text size="sm">{t("cleanUp.goesOn")}</Text>;
  if (job.status === "cancelled") return <Cancelled kind={job.kind} />;
  if (job.error) {
    return (
      <Alert color="red" variant="light" role="alert" title={<SaidProblem {...job.error} />}>
        {job.error.hint && <Said>{job.error.hint}</Said>}
      </Alert>
    );
  }
  const { removed = [], freed_bytes: freed = 0 } = job.result as {
    removed?: string[];
    freed_bytes?: number;
  };
  return (
    <Text role="status">
      {t("cleanUp.done", { count: removed.length, size: formatBytes(freed, locale) })}
    </Text>
  );
}
