import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { isReplacing } from "@/restore/steps";

interface CancelDialogProps {
  job: JobShape;
  busy: boolean;
  onCancel: () => void;
  onClose: () => void;
}

/** Stop a restore: says what that leaves behind. */
export default function CancelDialog({ job, busy, onCancel, onClose }: CancelDialogProps) {
  const { t } = useTranslation(["jobs", "common"]);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("cancel.title")}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      <Stack>
        <Text size="sm">{isReplacing(job) ? t("cancel.late") : t("cancel.early")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("cancel.keep")}
          </Button>
          <Button color="red" loading={busy} onClick={onCancel}>
            {t("cancel.confirm")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
