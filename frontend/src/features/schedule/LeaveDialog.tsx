import { Button, Group, Modal, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useLeaveGuard } from "@/features/schedule/useLeaveGuard";

/** Asks who leaves with unsaved changes whether they mean it. */
export function LeaveDialog({ unsaved }: { unsaved: boolean }) {
  const { t } = useTranslation(["schedule", "common"]);
  const { wanted, stay, leave } = useLeaveGuard(unsaved);
  return (
    <Modal
      opened={wanted !== null}
      onClose={stay}
      title={t("leave.title")}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      <Text size="sm">{t("leave.text")}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={leave}>
          {t("leave.leave")}
        </Button>
        <Button onClick={stay} data-autofocus>
          {t("leave.stay")}
        </Button>
      </Group>
    </Modal>
  );
}
