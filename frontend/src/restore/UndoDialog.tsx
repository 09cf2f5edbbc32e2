import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { useLookAtUndo, useUndo } from "@/backup/hooks/useUndo";
import { useReturnFocus } from "@/parts/focus";
import { Failure, Loading, ProblemText } from "@/parts/States";
import { useOnce } from "@/parts/useOnce";
import { ChangeList } from "@/restore/ChangeList";
import { isStale } from "@/restore/confirmation";
import { Warnings } from "@/restore/Warnings";

interface UndoDialogProps {
  onClose: () => void;
  onStarted: (job: JobShape) => void;
}

/** What taking back the last restore would change; then that. */
export default function UndoDialog({ onClose, onStarted }: UndoDialogProps) {
  const { t } = useTranslation("restoring");
  const { mutate: look, data: found, error: notFound } = useLookAtUndo();
  const undo = useUndo();
  const begin = useOnce(() => found && undo.mutate(found, { onSuccess: onStarted }));
  useReturnFocus();
  useEffect(() => look(), [look]);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("undo.title")}
      size="lg"
      closeButtonProps={{ "aria-label": t("confirm.cancel") }}
    >
      <Stack>
        <Text size="sm">{t("undo.about")}</Text>
        {notFound && <Failure error={notFound} />}
        {!found && !notFound && (
          <Stack gap="xs">
            <Text size="sm" c="dimmed" role="status">
              {t("undo.looking")}
            </Text>
            <Loading rows={2} height={72} />
          </Stack>
        )}
        {found && (
          <>
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {t("undo.puts", { id: found.backup_id })}
            </Text>
            <Warnings warnings={found.warnings} />
            <ChangeList changes={found.changes} />
          </>
        )}
        {undo.error && (
          <Alert color="red" role="alert" title={t("undo.failed")}>
            <ProblemText problem={toProblem(undo.error)} />
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("confirm.cancel")}
          </Button>
          {isStale(undo.error) ? (
            <Button
              onClick={() => {
                undo.reset();
                look();
              }}
            >
              {t("expired.look")}
            </Button>
          ) : (
            <Button color="red" disabled={!found} loading={undo.isPending} onClick={begin}>
              {t("undo.confirm")}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
