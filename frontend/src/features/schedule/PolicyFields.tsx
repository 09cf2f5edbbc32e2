import { Button, Group, Input, SimpleGrid, Stack, TagsInput, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { CountField } from "@/features/schedule/CountField";
import {
  formOfPolicy,
  isEmptyPolicy,
  type PolicyForm,
  PRESETS,
  type Preset,
  policyOfForm,
  SPAN_RULES,
} from "@/features/schedule/policy";
import { Warning } from "@/features/schedule/Warning";
import { WithinField } from "@/features/schedule/WithinField";

interface PolicyFieldsProps {
  form: PolicyForm;
  onChange: (changes: Partial<PolicyForm>) => void;
  /** What the server has against the span. */
  spanError: string | null;
}

/** The rules in plain words: what keeps a backup, and the limits beyond which one goes. */
export function PolicyFields({ form, onChange, spanError }: PolicyFieldsProps) {
  const { t } = useTranslation("schedule");
  const { counts } = form;
  const count = (rule: keyof typeof counts) => ({
    rule,
    value: counts[rule],
    onChange: (value: number) => onChange({ counts: { ...counts, [rule]: value } }),
  });
  return (
    <Stack gap="xl">
      <Presets onChoose={(preset) => onChange(formOfPolicy(PRESETS[preset]))} />
      {isEmptyPolicy(policyOfForm(form)) && <Warning>{t("retention.empty")}</Warning>}
      <Rules title={t("retention.keep")} hint={t("retention.keepHint")}>
        <SimpleGrid cols={2} spacing="sm" verticalSpacing="sm">
          <CountField {...count("keep_last")} />
          {SPAN_RULES.map((rule) => (
            <CountField key={rule} {...count(rule)} />
          ))}
        </SimpleGrid>
        <WithinField
          within={form.within}
          onChange={(within) => onChange({ within })}
          error={spanError}
        />
        <TagsInput
          label={t("policy.tags")}
          description={t("policyHint.tags")}
          placeholder={form.tags.length === 0 ? t("policy.tagsNone") : undefined}
          value={form.tags}
          onChange={(tags) => onChange({ tags })}
          maxTags={50}
          clearable
          clearButtonProps={{ "aria-label": t("policy.tagsClear") }}
        />
      </Rules>
      <Rules title={t("retention.limits")} hint={t("retention.limitsHint")}>
        <SimpleGrid cols={2} spacing="sm">
          <CountField {...count("retention_days")} />
          <CountField {...count("max_backups")} />
        </SimpleGrid>
      </Rules>
      <Stack gap={4}>
        <Title order={3} size="h6">
          {t("retention.always")}
        </Title>
        <Text size="sm" c="dimmed">
          {t("retention.alwaysText")}
        </Text>
      </Stack>
    </Stack>
  );
}

function Rules({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <Stack gap="sm" role="group" aria-label={title}>
      <div>
        <Title order={3} size="h6">
          {title}
        </Title>
        <Text size="sm" c="dimmed">
          {hint}
        </Text>
      </div>
      {children}
    </Stack>
  );
}

function Presets({ onChoose }: { onChoose: (preset: Preset) => void }) {
  const { t } = useTranslation("schedule");
  return (
    <Stack gap={6} role="group" aria-label={t("preset.label")}>
      <Input.Label labelElement="div">{t("preset.label")}</Input.Label>
      <Group gap={6}>
        {(Object.keys(PRESETS) as Preset[]).map((preset) => (
          <Button key={preset} variant="default" size="compact-sm" onClick={() => onChoose(preset)}>
            {t(`preset.${preset}`)}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}
