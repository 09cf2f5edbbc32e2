import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { useDeleteBackup } from "@/backup/hooks/useDeleteBackup";
import { useHealth } from "@/backup/hooks/useStanding";
import { useLocale } from "@/i18n/useLocale";
import { ProblemText } from "@/parts/States";
import { sayDone } from "@/parts/say";
import { Bytes, When } from "@/parts/Values";
import { nameOf } from "@/section/name";

interface DeleteDialogProps {
  backup: BackupShape;
  onClose: () => void;
}

/** Asks whether a backup shall go, and says if it is the one that is relied on. */
export default function DeleteDialog({ backup, onClose }: DeleteDialogProps) {
  const { t } = useTranslation("section");
  const { t: word } = useTranslation();
  const name = nameOf(backup, useLocale());
  const health = useHealth();
  const remove = useDeleteBackup();
  const confirm = () =>
    remove.mutate(backup.id, {
      onSuccess: () => {
        sayDone(t("delete.done", { name }));
        onClose();
      },
    });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("delete.title")}
      closeButtonProps={{ "aria-label": word("actions.cancel") }}
    >
      <Stack>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          <b>{name}</b> (<When at={backup.created_at} as="short" />,{" "}
          <Bytes value={backup.original_size_bytes} />) {t("delete.about")}
        </Text>
        {health.data?.last_success_id === backup.id && (
          <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={t("delete.newest")}>
            {t("delete.newestAbout")}
          </Alert>
        )}
        {remove.isError && (
          <Alert color="red" role="alert" title={t("delete.failed")}>
            <ProblemText problem={toProblem(remove.error)} />
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {word("actions.cancel")}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={confirm}>
            {t("delete.button")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
