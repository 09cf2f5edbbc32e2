import { TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface TypedWordProps {
  word: string;
  value: string;
  onChange: (typed: string) => void;
  disabled?: boolean;
}

/** Where a word must be typed before what cannot be had back: no click can slip into that. */
export function TypedWord({ word, value, onChange, disabled }: TypedWordProps) {
  const { t } = useTranslation();
  return (
    <TextInput
      label={t("typeToConfirm", { word })}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      data-autofocus
      disabled={disabled}
    />
  );
}
