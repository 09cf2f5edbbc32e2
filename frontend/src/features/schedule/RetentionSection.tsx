import { Box, Grid } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ScheduleShape } from "@/api/generated/plan";
import { changedParts, type Draft } from "@/features/schedule/draft";
import { PolicyFields } from "@/features/schedule/PolicyFields";
import { isWhole, policyOfForm } from "@/features/schedule/policy";
import { Section } from "@/features/schedule/Section";
import { Simulator } from "@/features/schedule/Simulator";
import { useThoughtSimulation } from "@/features/schedule/useSimulation";

interface RetentionSectionProps {
  draft: Draft;
  base: ScheduleShape;
  onChange: (changes: Partial<Draft>) => void;
}

/** Which backups stay: the rules, and beside them what they would do to the backups there are. */
export function RetentionSection({ draft, base, onChange }: RetentionSectionProps) {
  const { t } = useTranslation("schedule");
  const changed = changedParts(draft, base).includes("retention");
  const whole = isWhole(draft.policy);
  const query = useThoughtSimulation(whole ? policyOfForm(draft.policy) : null);
  return (
    <Section title={t("retention.title")} purpose={t("retention.purpose")}>
      <Grid gap={{ base: "xl", md: 40 }}>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <PolicyFields
            form={draft.policy}
            onChange={(changes) => onChange({ policy: { ...draft.policy, ...changes } })}
            spanError={whole ? null : t("policy.withinWrong")}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }}>
          {/* What is edited and what comes of it stay in view together. */}
          <Box pos={{ md: "sticky" }} top={72}>
            <Simulator
              query={query}
              kept={base.retention}
              changed={changed}
              incomplete={!whole}
              timezone={draft.timezone}
            />
          </Box>
        </Grid.Col>
      </Grid>
    </Section>
  );
}
