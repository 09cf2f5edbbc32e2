import { Button, type ButtonProps } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useProveBackup } from "@/backup/hooks/useProveBackup";
import { BackUpButton } from "@/features/overview/BackUpButton";
import type { Fix } from "@/features/overview/standing";
import { useTurnScheduleOn } from "@/features/overview/useScheduleGlance";
import { ActionButton } from "@/parts/ActionButton";
import { sayDone, sayFailed } from "@/parts/say";

/** The one button that mends what is wrong, or leads to where that can be seen. */
export function FixButton({ fix, ...button }: { fix: Fix } & ButtonProps) {
  const { t } = useTranslation("overview");
  switch (fix.by) {
    case "back-up":
      return <BackUpButton {...button} />;
    case "verify":
      return <VerifyButton backupId={fix.backupId} {...button} />;
    case "schedule-on":
      return <ScheduleOnButton {...button} />;
    case "look-at-job":
      return (
        <Button component={Link} href={`/jobs/${fix.jobId}`} {...button}>
          {t("fix.look-at-job")}
        </Button>
      );
    case "look-at-backup":
      return (
        <Button component={Link} href={`/backups/${fix.backupId}`} {...button}>
          {t("fix.look-at-backup")}
        </Button>
      );
    case "look-at-repository":
      return (
        <Button component={Link} href="/repository" {...button}>
          {t("fix.look-at-repository")}
        </Button>
      );
  }
}

function VerifyButton({ backupId, ...button }: { backupId: string } & ButtonProps) {
  const { t } = useTranslation("overview");
  const prove = useProveBackup();
  const verify = () =>
    prove.mutate(
      { id: backupId, by: "verify" },
      {
        onSuccess: () => sayDone(t("fix.verifyBegun")),
        onError: (error) => sayFailed(t("fix.verifyFailed"), error),
      },
    );
  return (
    <ActionButton needs="run" {...button} loading={prove.isPending} onClick={verify}>
      {t("fix.verify")}
    </ActionButton>
  );
}

function ScheduleOnButton(button: ButtonProps) {
  const { t } = useTranslation("overview");
  const turn = useTurnScheduleOn();
  const turnOn = () =>
    turn.mutate(undefined, {
      onSuccess: () => sayDone(t("fix.scheduleOn")),
      onError: (error) => sayFailed(t("fix.scheduleFailed"), error),
    });
  return (
    <ActionButton needs="administer" {...button} loading={turn.isPending} onClick={turnOn}>
      {t("fix.schedule-on")}
    </ActionButton>
  );
}
