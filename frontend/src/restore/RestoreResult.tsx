import { Alert, Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowBackUp, IconCircleCheck } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { ActionButton } from "@/parts/ActionButton";
import { Took } from "@/parts/Values";
import { FailedRestore } from "@/restore/FailedRestore";
import { safetyBackupOf } from "@/restore/lastRestore";
import { RestoredItems } from "@/restore/RestoredItems";
import { StepList } from "@/restore/StepList";
import { secondsOf } from "@/restore/span";
import { Warnings } from "@/restore/Warnings";

const UndoDialog = lazy(() => import("@/restore/UndoDialog"));

interface RestoreResultProps {
  job: JobShape;
  onUndo: (job: JobShape) => void;
  onClose: () => void;
  backupHref?: (id: string) => string;
}

/** What came of a restore: what is back, what it was saved as before, and the way back. */
export function RestoreResult({ job, onUndo, onClose, backupHref }: RestoreResultProps) {
  const { t } = useTranslation("restoring");
  const [undoing, { open, close }] = useDisclosure();
  const safety = safetyBackupOf(job);
  const done = job.status === "completed";
  return (
    <Stack gap="md">
      {done ? (
        <Alert
          color="teal"
          icon={<IconCircleCheck aria-hidden />}
          title={job.kind === "undo" ? t("result.undone") : t("result.restored")}
          role="status"
        >
          <Text size="sm">
            {job.backup_id && `${t("result.from", { id: job.backup_id })} `}
            {t("result.took")} <Took seconds={secondsOf(job)} />
          </Text>
        </Alert>
      ) : (
        <FailedRestore job={job} />
      )}
      <Warnings warnings={job.warnings} />
      {done ? <RestoredItems items={job.items_restored} /> : <StepList job={job} />}
      {done && (
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {safety === null ? (
            t("result.noSafety")
          ) : (
            <>
              {t("result.safety")}{" "}
              {backupHref ? (
                <Anchor inherit href={backupHref(safety)} underline="always">
                  {safety}
                </Anchor>
              ) : (
                safety
              )}
            </>
          )}
        </Text>
      )}
      <Group gap="xs">
        {done && safety !== null && (
          <ActionButton
            needs="restore"
            variant="default"
            leftSection={<IconArrowBackUp size={18} aria-hidden />}
            onClick={open}
          >
            {t("undo.button")}
          </ActionButton>
        )}
        <Button onClick={onClose}>{done ? t("result.close") : t("offer.back")}</Button>
      </Group>
      <Suspense>
        {undoing && (
          <UndoDialog
            onClose={close}
            onStarted={(started) => {
              close();
              onUndo(started);
            }}
          />
        )}
      </Suspense>
    </Stack>
  );
}
