import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { usePlan } from "@/backup/hooks/usePlan";
import { useLookAtUndo, useUndo } from "@/backup/hooks/useUndo";
import { useReturnFocus } from "@/parts/focus";
import { Failure, Loading, ProblemText } from "@/parts/States";
import { TypedWord } from "@/parts/TypedWord";
import { useOnce } from "@/parts/useOnce";
import { ChangeList } from "@/restore/ChangeList";
import { isStale, isTyped, wordToType } from "@/restore/confirmation";
import { UndoneRestore } from "@/restore/UndoneRestore";
import { Warnings } from "@/restore/Warnings";

interface UndoDialogProps {
  onClose: () => void;
  onStarted: (job: JobShape) => void;
}

/** What taking back the last restore would change; then that, once its word is typed. */
export default function UndoDialog({ onClose, onStarted }: UndoDialogProps) {
  const { t } = useTranslation("restoring");
  const { mutate: look, data: found, error: notFound } = useLookAtUndo();
  const plan = usePlan();
  const undo = useUndo();
  const [typed, setTyped] = useState("");
  const begin = useOnce(() => found && undo.mutate(found, { onSuccess: onStarted }));
  // Not before it is known; the name that the server wants of the look is no word for people.
  const known = found !== undefined && !plan.isPending;
  const word = known && wordToType({ confirm_with: null }, plan.data, t("undo.word"));
  const ready = Boolean(word) && isTyped(typed, word || "") && !undo.isPending;
  const stale = isStale(undo.error);
  useReturnFocus();
  useEffect(() => look(), [look]);
  const lookAgain = () => {
    setTyped("");
    undo.reset();
    look();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("undo.title")}
      size="lg"
      closeButtonProps={{ "aria-label": t("confirm.cancel") }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (stale) lookAgain();
          else if (ready) begin();
        }}
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
              <UndoneRestore backupId={found.backup_id} />
              <Warnings warnings={found.warnings} />
              <ChangeList changes={found.changes} />
            </>
          )}
          {word && !stale && (
            <TypedWord word={word} value={typed} onChange={setTyped} disabled={undo.isPending} />
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
            {stale ? (
              <Button type="submit">{t("expired.look")}</Button>
            ) : (
              <Button type="submit" color="red" disabled={!ready} loading={undo.isPending}>
                {t("undo.confirm")}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
