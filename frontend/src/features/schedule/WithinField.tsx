import { Group, Input, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import {
  type PolicyForm,
  WITHIN_UNITS,
  type WithinUnit,
  withUnit,
} from "@/features/schedule/policy";

interface WithinFieldProps {
  within: PolicyForm["within"];
  onChange: (within: PolicyForm["within"]) => void;
  error: string | null;
}

/** A span in which all backups stay: a number and a unit, or spelled where it mixes units. */
export function WithinField({ within, onChange, error }: WithinFieldProps) {
  const { t } = useTranslation("schedule");
  const id = useId();
  return (
    <Stack gap={4} role="group" aria-labelledby={id}>
      <Input.Label labelElement="div" id={id}>
        {t("policy.within")}
      </Input.Label>
      <Input.Description>{t("policyHint.within")}</Input.Description>
      <Group gap="sm" align="flex-start" wrap="nowrap">
        {within.unit === "own" ? (
          <TextInput
            flex={1}
            aria-label={t("policy.withinSpelled")}
            placeholder="1y6m7d12h"
            value={within.spelled}
            onChange={(event) => onChange({ ...within, spelled: event.currentTarget.value })}
            error={error}
            maxLength={50}
            spellCheck={false}
            autoComplete="off"
          />
        ) : (
          <NumberInput
            flex={1}
            aria-label={t("policy.withinAmount")}
            placeholder={t("policy.off")}
            value={within.amount || ""}
            onChange={(amount) => onChange({ ...within, amount: Number(amount) || 0 })}
            min={0}
            max={999_999_999}
            clampBehavior="strict"
            allowDecimal={false}
            allowNegative={false}
          />
        )}
        <Select
          flex={1}
          aria-label={t("policy.withinUnit")}
          data={WITHIN_UNITS.map((unit) => ({ value: unit, label: t(`withinUnit.${unit}`) }))}
          value={within.unit}
          onChange={(unit) => unit && onChange(withUnit(within, unit as WithinUnit))}
          allowDeselect={false}
        />
      </Group>
    </Stack>
  );
}
