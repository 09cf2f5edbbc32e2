import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useBackup } from "@/backup/hooks/useBackup";
import { When } from "@/parts/Values";
import { useRestores } from "@/restore/useRestores";

/** Which restore an undo takes back, and which backup comes back by it. */
export function UndoneRestore({ backupId }: { backupId: string }) {
  const { t } = useTranslation("restoring");
  const { last } = useRestores();
  const { data: backup } = useBackup(backupId);
  // One by the command line is known by its safety backup alone.
  const known = last?.safetyBackupId === backupId ? last : null;
  const job = known?.job;
  const source = job?.backup_id;
  return (
    <Stack gap={4}>
      <Line name={t("undo.taken")}>
        {job?.kind === "undo" ? t("undo.anUndo") : t("undo.aRestore")}{" "}
        <When at={known?.at ?? backup?.created_at ?? null} as="short" />
        {source && `, ${t("undo.of", { id: source })}`}
        {job?.actor && `, ${t("job.by", { actor: job.actor })}`}
      </Line>
      <Line name={t("undo.back")}>
        {backupId}
        {backup && (
          <>
            {`, ${t("undo.made")} `}
            <When at={backup.created_at} as="short" />
          </>
        )}
      </Line>
    </Stack>
  );
}

function Line({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Text size="sm" style={{ overflowWrap: "anywhere" }}>
      <Text span inherit fw={600}>
        {name}
      </Text>{" "}
      {children}
    </Text>
  );
}
