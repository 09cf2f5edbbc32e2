import { Group, List, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconAlertTriangle, IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { FindingShape, HealthShape, JobShape } from "@/api/generated/plan";
import { useProveBackup } from "@/backup/hooks/useProveBackup";
import { ActionButton } from "@/parts/ActionButton";
import { Said } from "@/parts/Said";
import { sayFailed } from "@/parts/say";
import { When } from "@/parts/Values";

const LOOKS = {
  ok: { color: "teal", icon: IconShieldCheck },
  warning: { color: "orange", icon: IconAlertTriangle },
  failing: { color: "red", icon: IconShieldX },
};

interface VerdictProps {
  health: HealthShape;
  /** Told of the job that mends what is wrong. */
  onJob: (job: JobShape) => void;
}

/** Whether the application is protected, since when, and what is wrong. */
export function Verdict({ health, onJob }: VerdictProps) {
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
        <Times health={health} />
        {health.findings.length > 0 && (
          <List size="sm" mt={4} spacing={4}>
            {health.findings.map((each) => (
              <List.Item key={each.code + each.job_id + each.backup_id}>
                <Finding finding={each} onJob={onJob} />
              </List.Item>
            ))}
          </List>
        )}
      </Stack>
    </Group>
  );
}

function Times({ health: { last_success_at: last, next_run_at: next } }: { health: HealthShape }) {
  const { t } = useTranslation("section");
  return (
    <Text size="sm" c="dimmed">
      {t("standing.last")} <When at={last} />
      {next && (
        <>
          {" · "}
          {t("standing.next")} <When at={next} />
        </>
      )}
    </Text>
  );
}

function Finding({ finding, onJob }: { finding: FindingShape } & Pick<VerdictProps, "onJob">) {
  const { t } = useTranslation("section");
  const { code, backup_id: id, detail } = finding;
  const prove = useProveBackup();
  const verify = (wanted: string) =>
    prove.mutate(
      { id: wanted, by: "verify" },
      { onSuccess: onJob, onError: (error) => sayFailed(t("verify.failed"), error) },
    );
  return (
    <Group gap="xs">
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {t(`finding.${code}`)} {detail && <Said>{detail}</Said>}
      </Text>
      {code === "not-verified" && id && (
        <ActionButton
          needs="run"
          variant="default"
          size="compact-sm"
          loading={prove.isPending}
          onClick={() => verify(id)}
        >
          {t("verify.button")}
        </ActionButton>
      )}
    </Group>
  );
}
