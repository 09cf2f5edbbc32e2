import { Alert, Text } from "@mantine/core";
import { IconFolderPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

/** That a copy touches nothing; and what whoever makes one should know. */
export function CopyNote() {
  const { t } = useTranslation("restoring");
  return (
    <Alert
      color="blue"
      variant="light"
      icon={<IconFolderPlus aria-hidden />}
      title={t("copy.untouched")}
    >
      <Text size="sm">{t("copy.plain")}</Text>
    </Alert>
  );
}
