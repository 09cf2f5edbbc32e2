import { Group, List, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconAlertTriangle, IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { HealthShape } from "@/api/generated/plan";
import { useCreateBackup } from "@/backup/hooks/useCreateBackup";
import { useJobs } from "@/backup/hooks/useJobs";
import { useHealth } from "@/backup/hooks/useStanding";
import { ActionButton } from "@/parts/ActionButton";
import { Card } from "@/parts/Card";
import { Loaded, Loading } from "@/parts/States";
import { sayFailed } from "@/parts/say";
import { When } from "@/parts/Values";
import { BackupJob } from "@/section/BackupJob";

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
  const backUp = () =>
    create.mutate(
      {},
      {
        onSuccess: (job) => setFollowed(job.id),
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
          {(found) => <Verdict health={found} />}
        </Loaded>
        {followed && <BackupJob key={followed} id={followed} />}
      </Stack>
    </Card>
  );
}

const LOOKS = {
  ok: { color: "teal", icon: IconShieldCheck },
  warning: { color: "orange", icon: IconAlertTriangle },
  failing: { color: "red", icon: IconShieldX },
};

function Verdict({ health }: { health: HealthShape }) {
  const { t } = useTranslation("section");
  const { color, icon: Icon } = LOOKS[health.status];
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <ThemeIcon variant="light" color={color} size={38}>
        <Icon size={22} aria-hidden />
      </ThemeIcon>
      <Stack gap={2} miw={0}>
        <Text fw={600} data-verdict={health.status}>
          {t(`standing.${health.status}`)}
        </Text>
        <Text size="sm" c="dimmed">
          {health.last_success_at ? (
            <>
              {t("standing.last")} <When at={health.last_success_at} />
            </>
          ) : (
            t("standing.none")
          )}
          {health.next_run_at && (
            <>
              {" · "}
              {t("standing.next")} <When at={health.next_run_at} />
            </>
          )}
        </Text>
        {health.problems.length > 0 && (
          <List size="sm" mt={4}>
            {health.problems.map((each) => (
              <List.Item key={each} style={{ overflowWrap: "anywhere" }}>
                {each}
              </List.Item>
            ))}
          </List>
        )}
      </Stack>
    </Group>
  );
}
