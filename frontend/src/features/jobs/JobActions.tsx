import { Group } from "@mantine/core";
import { IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { JobShape } from "@/api/generated/plan";
import { useChangeJob } from "@/backup/hooks/useJobs";
import { isRestore } from "@/backup/jobs";
import { canCancel, canRetry } from "@/features/jobs/can";
import { useRetriedBy } from "@/features/jobs/useRetriedBy";
import { ActionButton } from "@/parts/ActionButton";
import { permissionFor } from "@/parts/access";
import { lazily } from "@/parts/lazily";
import { sayDone, sayFailed } from "@/parts/say";

const CancelDialog = lazily(() => import("@/features/jobs/CancelDialog"));

/** What can be done with a job: stop it while it runs, try it again where it failed. */
export function JobActions({ job }: { job: JobShape }) {
  return (
    <Group gap="xs">
      {canCancel(job) && <CancelButton job={job} />}
      {canRetry(job) === true && <RetryButton job={job} />}
    </Group>
  );
}

function CancelButton({ job }: { job: JobShape }) {
  const { t } = useTranslation("jobs");
  const [asking, setAsking] = useState(false);
  const change = useChangeJob();
  const cancel = () =>
    change.mutate(
      { id: job.id, by: "cancel" },
      {
        onSuccess: () => sayDone(t("cancel.done")),
        onError: (error) => sayFailed(t("cancel.failed"), error),
        onSettled: () => setAsking(false),
      },
    );
  return (
    <>
      <ActionButton
        needs={permissionFor(job)}
        variant="default"
        leftSection={<IconPlayerStop size={18} aria-hidden />}
        loading={change.isPending}
        disabled={job.cancel_requested}
        onClick={() => (isRestore(job) ? setAsking(true) : cancel())}
      >
        {job.cancel_requested ? t("cancel.asked") : t("cancel.button")}
      </ActionButton>
      <Suspense>
        {asking && (
          <CancelDialog
            job={job}
            busy={change.isPending}
            onCancel={cancel}
            onClose={() => setAsking(false)}
          />
        )}
      </Suspense>
    </>
  );
}

function RetryButton({ job }: { job: JobShape }) {
  const { t } = useTranslation("jobs");
  const [, go] = useLocation();
  const change = useChangeJob();
  const again = useRetriedBy(job);
  const retry = () =>
    change.mutate(
      { id: job.id, by: "retry" },
      {
        onSuccess: (made) => {
          sayDone(t("retry.done"));
          go(`/jobs/${made.id}`);
        },
        onError: (error) => sayFailed(t("retry.failed"), error),
      },
    );
  return (
    <ActionButton
      needs={permissionFor(job)}
      // Once it was tried again, that other job is what matters.
      variant={again === null ? undefined : "default"}
      leftSection={<IconRefresh size={18} aria-hidden />}
      loading={change.isPending}
      onClick={retry}
    >
      {t("retry.button")}
    </ActionButton>
  );
}
