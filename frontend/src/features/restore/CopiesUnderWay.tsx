import { Button, Group, Paper, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobShape, JobStatus } from "@/api/generated/plan";
import { useJobs } from "@/backup/hooks/useJobs";
import { JobProgress } from "@/parts/JobProgress";

const ACTIVE: JobStatus[] = ["pending", "running", "validating", "restoring"];

/** The copies that are being made, by whomever: the screen stays free for a restore meanwhile. */
export function CopiesUnderWay({ onFollow }: { onFollow: (job: JobShape) => void }) {
  const { t } = useTranslation("restore");
  const { data } = useJobs({ kind: ["copy"], status: ACTIVE, limit: 5 });
  return data?.jobs.map((job) => (
    <Paper key={job.id} withBorder p="sm">
      <Group gap="md">
        <Stack gap={0} flex="1 1 260px" miw={0}>
          <JobProgress job={job} />
        </Stack>
        <Button variant="default" size="xs" onClick={() => onFollow(job)}>
          {t("copy.follow")}
        </Button>
      </Group>
    </Paper>
  ));
}
