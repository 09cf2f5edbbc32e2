import { Paper, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useParams } from "wouter";
import type { JobShape } from "@/api/generated/plan";
import { BackupChoice } from "@/features/restore/BackupChoice";
import { CopiesUnderWay } from "@/features/restore/CopiesUnderWay";
import { UPLOAD } from "@/features/restore/choice";
import { FromBackup } from "@/features/restore/FromBackup";
import { FromUpload } from "@/features/restore/FromUpload";
import { Origin } from "@/features/restore/Origin";
import { PageHead } from "@/parts/PageHead";
import { Loading } from "@/parts/States";
import { LastRestoreNote } from "@/restore/LastRestoreNote";
import { RestoreJob } from "@/restore/RestoreJob";
import { useRestores } from "@/restore/useRestores";

const backupHref = (id: string) => `#/backups/${encodeURIComponent(id)}`;

/** The screen where live data are replaced by a backup, or a copy of one is made; and undone. */
export default function Restore() {
  const { t } = useTranslation("restore");
  const { id } = useParams<{ id?: string }>();
  const [, navigate] = useLocation();
  const { active, last, isPending } = useRestores();
  const [shown, setShown] = useState<{ id: string; safety?: boolean } | null>(null);
  const [read, setRead] = useState("");
  // One that runs already, begun by somebody else or before this page was loaded anew.
  if (active && shown === null && active.id !== read) setShown({ id: active.id });

  const close = () => {
    // The list may still say for a moment that it runs.
    setRead(shown?.id ?? "");
    setShown(null);
    navigate("/restore");
  };
  const follow = (job: JobShape, safety?: boolean) => setShown({ id: job.id, safety });

  return (
    <>
      <PageHead title={t("title")}>{t("about")}</PageHead>
      {shown ? (
        <Paper withBorder p="lg">
          <RestoreJob
            key={shown.id}
            id={shown.id}
            safety={shown.safety}
            onUndo={follow}
            onClose={close}
            backupHref={backupHref}
          />
        </Paper>
      ) : isPending ? (
        <Loading rows={5} height={64} />
      ) : (
        <Stack gap="md">
          <CopiesUnderWay onFollow={follow} />
          {last && id !== UPLOAD && <LastRestoreNote last={last} onUndo={follow} />}
          <Origin id={id} />
          {id === undefined ? (
            <BackupChoice />
          ) : id === UPLOAD ? (
            <FromUpload onStarted={follow} />
          ) : (
            <FromBackup key={id} id={id} onStarted={follow} />
          )}
        </Stack>
      )}
    </>
  );
}
