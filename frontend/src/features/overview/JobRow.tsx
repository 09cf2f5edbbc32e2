import { Button, Divider, Group, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { JobShape } from "@/api/generated/plan";
import { Problem } from "@/api/problem";
import { useBackupJob } from "@/backup/hooks/useBackupJob";
import { useChangeJob } from "@/backup/hooks/useJobs";
import { isFinished } from "@/backup/jobs";
import { ActionButton } from "@/parts/ActionButton";
import { permissionFor } from "@/parts/access";
import { Cancelled } from "@/parts/Cancelled";
import { JobProgress } from "@/parts/JobProgress";
import { ProblemText } from "@/parts/States";
import { sayDone, sayFailed } from "@/parts/say";

/** What a job said of its failure came with no answer of its own. */
const ENDED = 200;

/** One job that is under way, or has just ended. */
export default function JobRow({ id, divided }: { id: string; divided: boolean }) {
  const { t } = useTranslation(["overview", "common"]);
  const { data: job } = useBackupJob(id);
  if (!job) return null;
  const kind = t(`kind.${job.kind}`, { ns: "common" });
  return (
    <Stack gap="md">
      {divided && <Divider />}
      <Group gap="md" align="center">
        <Stack gap="xs" flex="1 1 260px" miw={0}>
          <JobProgress job={job} />
          {job.status === "cancelled" && <Cancelled kind={job.kind} />}
          {job.error && job.status !== "cancelled" && (
            <ProblemText
              problem={new Problem({ ...job.error, detail: job.error.message, status: ENDED })}
            />
          )}
        </Stack>
        <Group gap="xs">
          <Button
            component={Link}
            href={`/jobs/${id}`}
            variant="default"
            size="xs"
            aria-label={t("jobs.logOne", { kind })}
          >
            {t("jobs.log")}
          </Button>
          {!isFinished(job) && <CancelButton job={job} label={t("jobs.cancelOne", { kind })} />}
        </Group>
      </Group>
    </Stack>
  );
}

function CancelButton({ job, label }: { job: JobShape; label: string }) {
  const { t } = useTranslation("overview");
  const change = useChangeJob();
  const cancel = () =>
    change.mutate(
      { id: job.id, by: "cancel" },
      {
        onSuccess: () => sayDone(t("jobs.cancelAsked")),
        onError: (error) => sayFailed(t("jobs.cancelFailed"), error),
      },
    );
  return (
    <ActionButton
      needs={permissionFor(job)}
      variant="default"
      size="xs"
      aria-label={label}
      loading={change.isPending || job.cancel_requested}
      onClick={cancel}
    >
      {t("jobs.cancel")}
    </ActionButton>
  );
}
