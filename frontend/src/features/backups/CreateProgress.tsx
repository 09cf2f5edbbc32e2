import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { JobShape } from "@/api/generated/plan";
import { useBackupJob } from "@/backup/hooks/useBackupJob";
import { isFinished } from "@/backup/jobs";
import { Unsuccessful } from "@/features/backups/cells";
import { JobProgress } from "@/parts/JobProgress";
import { Said } from "@/parts/Said";
import { Failure } from "@/parts/States";

interface CreateProgressProps {
  /** As it was asked for. */
  job: JobShape;
  onClose: () => void;
  /** Back to the form. */
  onAgain: () => void;
}

/** How the making of a backup goes, and what came of it. */
export function CreateProgress({ job: asked, onClose, onAgain }: CreateProgressProps) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const query = useBackupJob(asked.id);
  const job = query.data ?? asked;
  return (
    <Stack>
      <JobProgress job={job} />
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      <Ending job={job} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {word("actions.close")}
        </Button>
        {job.status === "failed" && <Button onClick={onAgain}>{t("create.again")}</Button>}
        {job.status === "completed" && (
          <Button component={Link} href={`/backups/${job.backup_id ?? job.id}`} onClick={onClose}>
            {t("create.look")}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Ending({ job }: { job: JobShape }) {
  const { t } = useTranslation("backups");
  if (!isFinished(job)) {
    return (
      <Text size="sm" c="dimmed">
        {t("create.going")}
      </Text>
    );
  }
  if (job.status === "cancelled" || job.error) return <Unsuccessful job={job} />;
  const Icon = job.warnings.length ? IconAlertTriangle : IconCheck;
  return (
    <Alert color={job.warnings.length ? "orange" : "teal"} icon={<Icon aria-hidden />}>
      <Text size="sm" fw={600}>
        {t("create.done")}
      </Text>
      {job.warnings.map((each) => (
        <Text key={each} size="sm">
          <Said>{each}</Said>
        </Text>
      ))}
    </Alert>
  );
}
