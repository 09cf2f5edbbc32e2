import { Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { useCreateBackup } from "@/backup/hooks/useCreateBackup";
import { useJobs } from "@/backup/hooks/useJobs";
import { useHealth } from "@/backup/hooks/useStanding";
import { ActionButton } from "@/parts/ActionButton";
import { Card } from "@/parts/Card";
import { Loaded, Loading } from "@/parts/States";
import { sayFailed } from "@/parts/say";
import { BackupJob } from "@/section/BackupJob";
import { Verdict } from "@/section/Verdict";

/** Whether the application is protected, and the two ways to go on: back up, or restore a file. */
export function Standing({ onFile }: { onFile: () => void }) {
  const { t } = useTranslation("section");
  const health = useHealth();
  const create = useCreateBackup();
  const { data } = useJobs({ kind: ["backup"], status: ["pending", "running"], limit: 1 });
  const [followed, setFollowed] = useState<string>();
  const active = data?.jobs[0]?.id;
  const [seen, setSeen] = useState<string>();
  // One that the schedule began is followed like one's own.
  if (active !== undefined && active !== seen) {
    setSeen(active);
    setFollowed(active);
  }
  const follow = (job: JobShape) => setFollowed(job.id);
  const backUp = () =>
    create.mutate(
      {},
      {
        onSuccess: follow,
        onError: (error) => sayFailed(t("backUp.failed"), error),
      },
    );
  return (
    <Card
      title={t("standing.title")}
      actions={
        <>
          <ActionButton needs="restore" variant="default" onClick={onFile}>
            {t("file.button")}
          </ActionButton>
          <ActionButton needs="run" loading={create.isPending} onClick={backUp}>
            {t("backUp.button")}
          </ActionButton>
        </>
      }
    >
      <Stack gap="md">
        <Loaded query={health} loading={<Loading rows={1} height={44} />}>
          {(found) => <Verdict health={found} onJob={follow} />}
        </Loaded>
        {followed && <BackupJob key={followed} id={followed} />}
      </Stack>
    </Card>
  );
}
