import { Group, Paper, Stack, Text, ThemeIcon } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowBackUp } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { ActionButton } from "@/parts/ActionButton";
import { When } from "@/parts/Values";
import type { LastRestore } from "@/restore/lastRestore";

const UndoDialog = lazy(() => import("@/restore/UndoDialog"));

interface LastRestoreNoteProps {
  last: LastRestore;
  onUndo: (job: JobShape) => void;
}

/** That the last restore can be taken back. */
export function LastRestoreNote({ last, onUndo }: LastRestoreNoteProps) {
  const { t } = useTranslation("restoring");
  const [asking, { open, close }] = useDisclosure();
  const actor = last.job?.actor;
  return (
    <Paper withBorder p="sm">
      <Group gap="sm" justify="space-between">
        <Group gap="sm" wrap="nowrap" flex={1} miw={240}>
          <ThemeIcon variant="light" color="gray" size="lg">
            <IconArrowBackUp size={20} aria-hidden />
          </ThemeIcon>
          <Stack gap={0} miw={0}>
            <Text size="sm" fw={600}>
              {last.job?.kind === "undo" ? t("last.undo") : t("last.restore")} <When at={last.at} />
              {actor && `, ${t("job.by", { actor })}`}
            </Text>
            <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {t("last.kept", { id: last.safetyBackupId })}
            </Text>
          </Stack>
        </Group>
        <ActionButton needs="restore" variant="default" onClick={open}>
          {t("undo.button")}
        </ActionButton>
      </Group>
      <Suspense>
        {asking && (
          <UndoDialog
            onClose={close}
            onStarted={(job) => {
              close();
              onUndo(job);
            }}
          />
        )}
      </Suspense>
    </Paper>
  );
}
