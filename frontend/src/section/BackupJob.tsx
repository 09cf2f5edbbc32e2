import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { Problem } from "@/api/problem";
import { useBackupJob } from "@/backup/hooks/useBackupJob";
import { isFinished } from "@/backup/jobs";
import { JobProgress } from "@/parts/JobProgress";
import { Loaded, Loading, ProblemText } from "@/parts/States";
import { Warnings } from "@/restore/Warnings";

/** What a job says of its failure comes with no status of an answer. */
const ENDED = 200;

/** How the making of a backup goes, or its verification, and what came of it. */
export function BackupJob({ id }: { id: string }) {
  const query = useBackupJob(id);
  return (
    <Loaded query={query} loading={<Loading rows={1} height={40} />}>
      {(job) => (
        <Stack gap="xs">
          <JobProgress job={job} />
          <Ending job={job} />
        </Stack>
      )}
    </Loaded>
  );
}

function Ending({ job }: { job: JobShape }) {
  const { t } = useTranslation("section");
  if (!isFinished(job)) return <Quiet>{t("job.going")}</Quiet>;
  if (job.status === "cancelled") return <Quiet>{t("job.cancelled")}</Quiet>;
  if (job.error) {
    return (
      <ProblemText
        problem={new Problem({ ...job.error, detail: job.error.message, status: ENDED })}
      />
    );
  }
  return (
    <>
      <Quiet>{job.kind === "verify" ? t("verify.done") : t("backUp.done")}</Quiet>
      <Warnings warnings={job.warnings} />
    </>
  );
}

function Quiet({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed" role="status">
      {children}
    </Text>
  );
}
