import { Alert, Button, Group, Text } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { lookForServer, useIsLost } from "@/parts/reach";

/** Says above each screen that the server does not answer, as long as it does not. */
export function Away() {
  const { t } = useTranslation();
  const isLost = useIsLost();
  return (
    <div role="status">
      {isLost && (
        <Alert
          color="orange"
          mb="md"
          title={t("away.banner")}
          icon={<IconPlugConnectedX aria-hidden />}
        >
          <Group justify="space-between" gap="xs">
            <Text size="sm">
              {t("away.old")} {t("away.again")}
            </Text>
            <Button size="xs" variant="default" onClick={() => void lookForServer()}>
              {t("actions.retry")}
            </Button>
          </Group>
        </Alert>
      )}
    </div>
  );
}
