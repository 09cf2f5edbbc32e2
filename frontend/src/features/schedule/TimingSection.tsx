import { Grid, Group, Radio, Stack, Switch, Text } from "@mantine/core";
import { IconCalendarOff, IconCalendarRepeat } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Misfire, SchedulePreview } from "@/api/generated/plan";
import { CronFields } from "@/features/schedule/CronFields";
import { CronSentence } from "@/features/schedule/CronSentence";
import type { Draft, refusalOf } from "@/features/schedule/draft";
import { NextRuns } from "@/features/schedule/NextRuns";
import { Section } from "@/features/schedule/Section";
import { ZonePicker } from "@/features/schedule/ZonePicker";
import { Said } from "@/parts/Said";

interface TimingSectionProps {
  draft: Draft;
  onChange: (changes: Partial<Draft>) => void;
  preview: UseQueryResult<SchedulePreview>;
  /** What the server has against it. */
  refusal: ReturnType<typeof refusalOf>;
  missing: boolean;
}

/** When backups are made: the form, what it says in words, and the runs that come of it. */
export function TimingSection(props: TimingSectionProps) {
  const { draft, onChange, preview, refusal } = props;
  const { t } = useTranslation("schedule");
  const Icon = draft.enabled ? IconCalendarRepeat : IconCalendarOff;
  return (
    <Section
      title={t("timing.title")}
      purpose={t("timing.purpose")}
      actions={
        <Switch
          label={t("timing.enabled")}
          checked={draft.enabled}
          onChange={(event) => onChange({ enabled: event.currentTarget.checked })}
        />
      }
    >
      <Group gap="sm" wrap="nowrap" align="flex-start" mb="lg">
        <Icon size={26} stroke={1.6} aria-hidden style={{ flexShrink: 0 }} />
        <Text size="lg" fw={600} lh={1.35} aria-live="polite">
          {!draft.enabled ? (
            t("timing.off")
          ) : refusal || props.missing ? (
            t("timing.incomplete")
          ) : (
            <CronSentence form={draft.cron} />
          )}
        </Text>
      </Group>
      <Grid gap={{ base: "lg", md: 40 }}>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="md">
            <CronFields
              form={draft.cron}
              onChange={(cron) => onChange({ cron })}
              error={refusal?.field === "cron" && <Said>{refusal.message}</Said>}
            />
            <ZonePicker
              value={draft.timezone}
              onChange={(timezone) => onChange({ timezone })}
              error={refusal?.field === "timezone" && <Said>{refusal.message}</Said>}
            />
            <Radio.Group
              label={t("misfire.label")}
              value={draft.misfire}
              onChange={(misfire) => onChange({ misfire: misfire as Misfire })}
            >
              <Stack gap={8} mt={6}>
                <Radio value="run_once" label={t("misfire.run_once")} />
                <Radio value="skip" label={t("misfire.skip")} />
              </Stack>
            </Radio.Group>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <NextRuns
            preview={preview}
            enabled={draft.enabled}
            refused={refusal !== null}
            missing={props.missing}
            timezone={draft.timezone}
          />
        </Grid.Col>
      </Grid>
    </Section>
  );
}
