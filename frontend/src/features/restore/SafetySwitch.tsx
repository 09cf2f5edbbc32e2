import { Alert, Stack, Switch } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

interface SafetySwitchProps {
  on: boolean;
  onChange: (on: boolean) => void;
}

/** Whether what is replaced is backed up first; switched off, it says what that means. */
export function SafetySwitch({ on, onChange }: SafetySwitchProps) {
  const { t } = useTranslation("restore");
  return (
    <Stack gap="xs">
      <Switch
        label={t("safety.label")}
        description={t("safety.about")}
        checked={on}
        onChange={(event) => onChange(event.currentTarget.checked)}
        styles={{ label: { fontWeight: 600 } }}
      />
      {!on && (
        <Alert
          color="red"
          role="alert"
          icon={<IconAlertTriangle aria-hidden />}
          title={t("safety.offTitle")}
        >
          {t("safety.off")}
        </Alert>
      )}
    </Stack>
  );
}
