import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { copyFolder } from "@/backup/jobs";
import { CopyValue } from "@/parts/CopyValue";
import { Took } from "@/parts/Values";
import { FailedRestore } from "@/restore/FailedRestore";
import { RestoredItems } from "@/restore/RestoredItems";
import { StepList } from "@/restore/StepList";
import { secondsOf } from "@/restore/span";
import { Warnings } from "@/restore/Warnings";

interface CopyResultProps {
  job: JobShape;
  onClose: () => void;
}

/** What came of a copy: where it is, and what is in it. There is nothing to undo. */
export function CopyResult({ job, onClose }: CopyResultProps) {
  const { t } = useTranslation("restoring");
  const done = job.status === "completed";
  return (
    <Stack gap="md">
      {done ? <Made job={job} /> : <FailedRestore job={job} />}
      <Warnings warnings={job.warnings} />
      {done ? (
        <RestoredItems items={job.items_restored} counted={t("copy.count")} />
      ) : (
        <StepList job={job} />
      )}
      {done && <Text size="sm">{t("copy.plain")}</Text>}
      <Group gap="xs">
        <Button onClick={onClose}>{done ? t("result.close") : t("offer.back")}</Button>
      </Group>
    </Stack>
  );
}

function Made({ job }: { job: JobShape }) {
  const { t } = useTranslation("restoring");
  const folder = copyFolder(job);
  return (
    <Alert color="teal" icon={<IconCircleCheck aria-hidden />} title={t("copy.made")} role="status">
      <Stack gap={4} align="flex-start">
        {folder !== null && <CopyValue value={folder} what={t("copy.theFolder")} />}
        <Text size="sm">
          {job.backup_id && `${t("result.from", { id: job.backup_id })} `}
          {t("result.took")} <Took seconds={secondsOf(job)} />
        </Text>
      </Stack>
    </Alert>
  );
}
