import { Badge, Box, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { useDownload } from "@/backup/hooks/useDownload";
import { isStored } from "@/backup/jobs";
import { useLocale } from "@/i18n/useLocale";
import { ActionButton } from "@/parts/ActionButton";
import { Cancelled } from "@/parts/Cancelled";
import { SaidProblem } from "@/parts/Said";
import { StatusBadge } from "@/parts/StatusBadge";
import { sayFailed } from "@/parts/say";
import { Bytes, When } from "@/parts/Values";
import { nameOf } from "@/section/name";

interface HistoryRowProps {
  backup: BackupShape;
  onRestore: (id: string) => void;
  onDelete: (backup: BackupShape) => void;
}

/** One backup: what it is, how it stands, and what can be done with it. */
export function HistoryRow({ backup, onRestore, onDelete }: HistoryRowProps) {
  const { t } = useTranslation("section");
  const { t: word } = useTranslation();
  return (
    <Box
      component="li"
      py="sm"
      style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}
    >
      <Group gap="sm" justify="space-between">
        <Stack gap={4} flex="1 1 260px" miw={0}>
          <Group gap="xs">
            <Text fw={600} size="sm" style={{ overflowWrap: "anywhere" }}>
              {backup.description?.trim() || <When at={backup.created_at} as="short" />}
            </Text>
            <StatusBadge status={backup.status} />
            {backup.keep && (
              <Badge variant="default" radius="sm" tt="none" fw={500}>
                {t("history.kept")}
              </Badge>
            )}
            {backup.disproven && (
              <Badge variant="light" color="red" radius="sm" tt="none">
                {t("history.disproven")}
              </Badge>
            )}
          </Group>
          <Text size="sm" c="dimmed">
            <When at={backup.created_at} />
            {isStored(backup) && (
              <>
                {" · "}
                <Bytes value={backup.original_size_bytes} />
              </>
            )}
            {" · "}
            {word(`type.${backup.type}`)}
          </Text>
          {backup.status === "cancelled" && <Cancelled kind="backup" />}
          {backup.error && backup.status !== "cancelled" && (
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              <SaidProblem {...backup.error} />
            </Text>
          )}
        </Stack>
        {isStored(backup) && <Actions backup={backup} onRestore={onRestore} onDelete={onDelete} />}
      </Group>
    </Box>
  );
}

function Actions({ backup, onRestore, onDelete }: HistoryRowProps) {
  const { t } = useTranslation("section");
  const { t: word } = useTranslation();
  const name = nameOf(backup, useLocale());
  const download = useDownload();
  return (
    <Group gap="xs">
      <ActionButton
        needs="restore"
        variant="default"
        size="xs"
        aria-label={t("history.restoreOne", { name })}
        onClick={() => onRestore(backup.id)}
      >
        {t("history.restore")}
      </ActionButton>
      <ActionButton
        needs="restore"
        variant="default"
        size="xs"
        aria-label={t("history.downloadOne", { name })}
        loading={download.isPending}
        onClick={() =>
          download.mutate(backup.id, {
            onError: (error) => sayFailed(t("history.notDownloaded"), error),
          })
        }
      >
        {t("history.download")}
      </ActionButton>
      {!backup.keep && (
        <ActionButton
          needs="administer"
          variant="subtle"
          color="red"
          size="xs"
          aria-label={t("history.deleteOne", { name })}
          onClick={() => onDelete(backup)}
        >
          {word("actions.delete")}
        </ActionButton>
      )}
    </Group>
  );
}
