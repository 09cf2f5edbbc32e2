import { Group, List, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { FindingShape, HealthShape } from "@/api/generated/plan";
import { FixButton } from "@/features/overview/FixButton";
import classes from "@/features/overview/overview.module.css";
import { type Fix, fixOf } from "@/features/overview/standing";
import { formatSpan } from "@/features/overview/words";
import { useLocale } from "@/i18n/useLocale";
import { Said } from "@/parts/Said";

/** What is wrong, worst first, each with what mends it; the first button is the one to press. */
export function Findings({ health }: { health: HealthShape }) {
  const { t } = useTranslation("overview");
  const offered = new Set<Fix["by"]>();
  const rows = health.findings.map((finding) => {
    const fix = fixOf(finding);
    const isNew = fix !== null && !offered.has(fix.by);
    if (fix) offered.add(fix.by);
    return { finding, fix: isNew ? fix : null, first: isNew && offered.size === 1 };
  });
  return (
    <List listStyleType="none" aria-label={t("findings")} className={classes.findings}>
      {rows.map(({ finding, fix, first }) => (
        <List.Item key={`${finding.code} ${finding.job_id}`} className={classes.finding}>
          <Group justify="space-between" gap="sm">
            <Group gap="xs" wrap="nowrap" align="flex-start" flex="1 1 280px" miw={0}>
              <IconAlertTriangle size={18} stroke={1.7} className={classes.sign} aria-hidden />
              <FindingText finding={finding} health={health} />
            </Group>
            {fix && <FixButton fix={fix} size="sm" variant={first ? "filled" : "default"} />}
          </Group>
        </List.Item>
      ))}
    </List>
  );
}

function FindingText({ finding, health }: { finding: FindingShape; health: HealthShape }) {
  const { t } = useTranslation(["overview", "common"]);
  const locale = useLocale();
  const values = {
    kind: finding.job_kind ? t(`kind.${finding.job_kind}`, { ns: "common" }) : "",
    age: formatSpan(health.last_success_age_s ?? 0, locale),
    allowed: formatSpan(health.allowed_age_s ?? 0, locale),
  };
  return (
    <Stack gap={0} miw={0}>
      <Text size="sm">{t(`finding.${finding.code}`, values)}</Text>
      {finding.detail && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          <Said>{finding.detail}</Said>
        </Text>
      )}
    </Stack>
  );
}
