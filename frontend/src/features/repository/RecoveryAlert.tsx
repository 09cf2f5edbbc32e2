import { Alert, Stack, Text } from "@mantine/core";
import { IconKeyOff, IconLifebuoy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { RecoveryShape } from "@/api/generated/plan";
import { CopyValue } from "@/parts/CopyValue";
import { Said } from "@/parts/Said";

/** Says so where losing this machine would lose the way into the backups, too. */
export function RecoveryAlert({ recovery }: { recovery: RecoveryShape | null }) {
  const { t } = useTranslation("repository");
  if (recovery === null || recovery.command === null) return null;
  const missing = recovery.state === "missing";
  return (
    <Alert
      color={missing ? "red" : "orange"}
      icon={missing ? <IconKeyOff aria-hidden /> : <IconLifebuoy aria-hidden />}
      title={t(`recovery.${recovery.state}`)}
    >
      <Stack gap="xs">
        <Text size="sm">
          {missing ? t("recovery.missingAbout") : <Said>{recovery.message}</Said>}
        </Text>
        <Text size="sm">{t("recovery.type")}</Text>
        <CopyValue value={recovery.command} what={t("recovery.theCommand")} block />
      </Stack>
    </Alert>
  );
}
