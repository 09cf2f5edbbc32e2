import { Anchor } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { JobShape } from "@/api/generated/plan";
import { copyFolder, isFinished } from "@/backup/jobs";
import { canRetry } from "@/features/jobs/can";
import { JobTook } from "@/features/jobs/cells";
import { safetyBackupOf } from "@/features/jobs/result";
import { useRetriedBy } from "@/features/jobs/useRetriedBy";
import { Card } from "@/parts/Card";
import { CopyValue } from "@/parts/CopyValue";
import { FactList } from "@/parts/FactList";
import { StatusBadge } from "@/parts/StatusBadge";
import { When } from "@/parts/Values";

/** Who asked for a job, when, and what it is about. */
export function JobFacts({ job }: { job: JobShape }) {
  return canRetry(job) === true ? <RetriableFacts job={job} /> : <Facts job={job} again={null} />;
}

function RetriableFacts({ job }: { job: JobShape }) {
  return <Facts job={job} again={useRetriedBy(job)} />;
}

function Facts({ job, again }: { job: JobShape; again: string | null }) {
  const { t } = useTranslation("jobs");
  const { t: word } = useTranslation();
  const safety = safetyBackupOf(job.result);
  const folder = copyFolder(job);
  return (
    <Card title={t("facts.title")} actions={<StatusBadge status={job.status} />}>
      <FactList
        facts={[
          job.actor !== null && [t("facts.actor"), job.actor],
          [t("facts.trigger"), word(`trigger.${job.trigger}`)],
          job.backup_id !== null && [t("facts.backup"), <BackupLink key="" id={job.backup_id} />],
          folder !== null && [
            t("facts.folder"),
            <CopyValue key="" value={folder} what={t("facts.theFolder")} />,
          ],
          safety !== null && [t("facts.safety"), <BackupLink key="" id={safety} />],
          job.scheduled_for !== null && [t("facts.due"), instant(job.scheduled_for)],
          [t("facts.asked"), instant(job.created_at)],
          job.started_at !== null && [t("facts.started"), instant(job.started_at)],
          job.completed_at !== null && [t("facts.ended"), instant(job.completed_at)],
          job.started_at !== null && [
            t(isFinished(job) ? "facts.took" : "facts.running"),
            <JobTook key="" job={job} />,
          ],
          job.attempt > 1 && [t("facts.attempt"), job.attempt],
          job.retry_of !== null && [
            t("facts.retryOf"),
            <JobAnchor key="" id={job.retry_of} text={t("facts.before")} />,
          ],
          again !== null && [
            t("facts.retriedBy"),
            <JobAnchor key="" id={again} text={t("facts.after")} />,
          ],
          [t("facts.id"), <CopyValue key="" value={job.id} what={t("facts.theId")} />],
        ]}
      />
    </Card>
  );
}

const instant = (at: string) => <When at={at} as="short" />;

function BackupLink({ id }: { id: string }) {
  return (
    <Anchor component={Link} href={`/backups/${id}`} inherit>
      {id}
    </Anchor>
  );
}

function JobAnchor({ id, text }: { id: string; text: string }) {
  return (
    <Anchor component={Link} href={`/jobs/${id}`} inherit>
      {text}
    </Anchor>
  );
}
