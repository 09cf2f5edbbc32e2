import { Grid, Group, List, Stack, Text } from "@mantine/core";
import { IconCalendarOff, IconCalendarRepeat } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ScheduleShape } from "@/api/generated/plan";
import { CronSentence } from "@/features/schedule/CronSentence";
import { formOfCron } from "@/features/schedule/cron";
import { NextRuns } from "@/features/schedule/NextRuns";
import { formOfPolicy, policyOfForm } from "@/features/schedule/policy";
import { rulesInWords } from "@/features/schedule/policyWords";
import { Section } from "@/features/schedule/Section";
import { Simulator } from "@/features/schedule/Simulator";
import { usePreview } from "@/features/schedule/useSchedule";
import { useSimulation } from "@/features/schedule/useSimulation";

/** The schedule and the rules for those who may only look. */
export function ScheduleView({ schedule }: { schedule: ScheduleShape }) {
  const { t } = useTranslation(["schedule", "common"]);
  const preview = usePreview(schedule.cron, schedule.timezone);
  const simulation = useSimulation(policyOfForm(formOfPolicy(schedule.retention)));
  const { enabled } = schedule;
  const Icon = enabled ? IconCalendarRepeat : IconCalendarOff;
  return (
    <>
      <Section title={t("timing.title")} purpose={t("view.hint")}>
        <Grid gap={{ base: "lg", md: 40 }}>
          <Grid.Col span={{ base: 12, md: 7 }}>
            <Group gap="sm" wrap="nowrap" align="flex-start">
              <Icon size={26} stroke={1.6} aria-hidden style={{ flexShrink: 0 }} />
              <Stack gap={4}>
                <Text size="lg" fw={600} lh={1.35}>
                  {enabled ? <CronSentence form={formOfCron(schedule.cron)} /> : t("timing.off")}
                </Text>
                <Text size="sm" c="dimmed">
                  {t(`misfireView.${schedule.misfire}`)}
                </Text>
              </Stack>
            </Group>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 5 }}>
            <NextRuns
              preview={preview}
              enabled={enabled}
              refused={false}
              missing={false}
              timezone={schedule.timezone}
            />
          </Grid.Col>
        </Grid>
      </Section>
      <Section title={t("retention.title")} purpose={t("retention.purpose")}>
        <Grid gap={{ base: "xl", md: 40 }}>
          <Grid.Col span={{ base: 12, md: 5 }}>
            <Rules schedule={schedule} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 7 }}>
            <Simulator
              query={simulation}
              kept={schedule.retention}
              changed={false}
              incomplete={false}
              timezone={schedule.timezone}
            />
          </Grid.Col>
        </Grid>
      </Section>
    </>
  );
}

function Rules({ schedule }: { schedule: ScheduleShape }) {
  const { t } = useTranslation("schedule");
  const rules = rulesInWords(schedule.retention, t);
  return (
    <Stack gap="sm">
      {rules.length === 0 ? (
        <Text>{t("rule.none")}</Text>
      ) : (
        <List aria-label={t("retention.title")} spacing={4}>
          {rules.map((rule) => (
            <List.Item key={rule}>{rule}</List.Item>
          ))}
        </List>
      )}
      <Text size="sm" c="dimmed">
        {t("retention.alwaysText")}
      </Text>
    </Stack>
  );
}
