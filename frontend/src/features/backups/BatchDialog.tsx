import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useParams } from "wouter";
import type { BackupShape } from "@/api/generated/plan";
import { useDeleteBackup } from "@/backup/hooks/useDeleteBackup";
import { useProveBackup } from "@/backup/hooks/useProveBackup";
import { useUpdateBackup } from "@/backup/hooks/useUpdateBackup";
import { useAsking } from "@/features/backups/asking";
import { BatchItem } from "@/features/backups/BatchItem";
import { type BatchKind, doEach, type Report } from "@/features/backups/batch";
import { DeletionPlan } from "@/features/backups/DeletionPlan";
import { useView } from "@/features/backups/useView";
import { sayDone } from "@/parts/say";
import { useOnce } from "@/parts/useOnce";

interface BatchDialogProps {
  kind: BatchKind;
  backups: BackupShape[];
  onClose: () => void;
}

/** Says what will be done with some backups, does it one after another, and tells of each. */
export default function BatchDialog({ kind, backups, onClose }: BatchDialogProps) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  // What is deleted vanishes from the list; the report is of those that were chosen.
  const [chosen] = useState(backups);
  const [report, setReport] = useState<Report<string | null>>(new Map());
  const work = useWork(kind);
  const outcomes = [...report.values()];
  const begun = outcomes.length > 0;
  const busy = outcomes.some(({ state }) => state === "waiting" || state === "working");
  const concerned = chosen.filter((each) => kind !== "delete" || !each.keep);
  const count = concerned.length;

  const start = async () => {
    const ids = concerned.map((each) => each.id);
    const ended = await doEach(ids, work, setReport);
    const failed = [...ended.values()].filter(({ state }) => state === "failed").length;
    if (failed > 0 || kind === "verify" || kind === "drill") return;
    sayDone(t(`batch.${kind}.done`, { count }));
    onClose();
  };
  const onStart = useOnce(() => void start());
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={!busy}
      closeOnEscape={!busy}
      size="lg"
      title={t(`batch.${kind}.title`, { count: count || chosen.length })}
      closeButtonProps={{ "aria-label": word("actions.close"), disabled: busy }}
    >
      <Stack>
        {!begun && <Text size="sm">{t(`batch.${kind}.about`, { count })}</Text>}
        <Stack component="ul" gap={0} p={0} m={0} aria-label={t("batch.items")}>
          {chosen.map((each) => (
            <BatchItem key={each.id} kind={kind} backup={each} outcome={report.get(each.id)} />
          ))}
        </Stack>
        {kind === "delete" && !begun && <DeletionPlan chosen={chosen} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={busy}>
            {begun ? word("actions.close") : word("actions.cancel")}
          </Button>
          {(!begun || busy) && (
            <Button
              color={kind === "delete" ? "red" : undefined}
              loading={busy}
              disabled={count === 0}
              onClick={onStart}
              data-autofocus={kind !== "delete" || undefined}
            >
              {t(`batch.${kind}.button`, { count })}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

/** The way to do it with one; gives the job where there is one. */
function useWork(kind: BatchKind): (id: string) => Promise<string | null> {
  const { id: open } = useParams<{ id?: string }>();
  const [, go] = useLocation();
  const { address } = useView();
  const { noteGone } = useAsking();
  const prove = useProveBackup();
  const update = useUpdateBackup();
  const remove = useDeleteBackup();
  return async (id) => {
    if (kind === "verify" || kind === "drill")
      return (await prove.mutateAsync({ id, by: kind })).id;
    if (kind === "delete") {
      // What shows the details of this one must not ask for it any more.
      await remove.mutateAsync(id);
      noteGone(id);
      if (id === open) go(address, { replace: true });
    } else {
      await update.mutateAsync({ id, change: { keep: kind === "keep" } });
    }
    return null;
  };
}
