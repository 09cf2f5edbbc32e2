import { NumberInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { CountRule } from "@/features/schedule/policy";

interface CountFieldProps {
  rule: CountRule;
  value: number;
  onChange: (value: number) => void;
}

const MOST = 1_000_000;

/** A rule that is a number; empty is off. */
export function CountField({ rule, value, onChange }: CountFieldProps) {
  const { t } = useTranslation("schedule");
  return (
    <NumberInput
      label={t(`policy.${rule}`)}
      description={t(`policyHint.${rule}`)}
      placeholder={t("policy.off")}
      suffix={` ${t(`unit.${rule}`, { count: value })}`}
      value={value || ""}
      onChange={(given) => onChange(Math.min(Number(given) || 0, MOST))}
      min={0}
      allowDecimal={false}
      allowNegative={false}
      inputWrapperOrder={["label", "description", "input", "error"]}
    />
  );
}
