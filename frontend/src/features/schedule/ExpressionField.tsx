import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { faultOf } from "@/features/schedule/expression";

/** Who types is not told at every key that it is not done [ms]. */
const PAUSE_MS = 800;

interface ExpressionFieldProps {
  value: string;
  onChange: (expression: string) => void;
  /** What the server has against it. */
  refusal: ReactNode;
}

/** An expression of one's own; what is wrong with it shows after a pause. */
export function ExpressionField({ value, onChange, refusal }: ExpressionFieldProps) {
  const { t } = useTranslation("schedule");
  const [thought] = useDebouncedValue(value, PAUSE_MS);
  const fault = faultOf(value);
  const told = fault === "count" ? t("field.expressionMissing") : fault && t(`fault.${fault}`);
  return (
    <TextInput
      label={t("field.expression")}
      description={t("field.expressionParts")}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={thought === value && (told || refusal)}
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      maxLength={200}
      spellCheck={false}
      autoComplete="off"
    />
  );
}
