import { Accordion, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type BackupShape, getRepository } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";
import { commandsFor } from "@/features/backups/restic";
import { formatExact } from "@/format/times";
import { useLocale } from "@/i18n/useLocale";
import { CopyValue } from "@/parts/CopyValue";
import { Loaded } from "@/parts/States";

/** The way to a backup without Holdfast: what to type, for the day on which it is needed. */
export function ByRestic({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  return (
    <Accordion variant="contained" order={3}>
      <Accordion.Item value="restic">
        <Accordion.Control>{t("restic.title")}</Accordion.Control>
        <Accordion.Panel>
          <Commands backup={backup} />
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function Commands({ backup }: { backup: BackupShape }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const { client } = useConnection();
  const query = useQuery({
    queryKey: backupKeys.repository,
    queryFn: ({ signal }) => answerOf(getRepository({ client, signal, throwOnError: true })),
  });
  return (
    <Loaded query={query}>
      {(repository) => (
        <Stack gap="xs">
          <Text size="sm">{t("restic.about")}</Text>
          <CopyValue
            block
            value={commandsFor(repository.location, repository.encrypted, backup.snapshot_id)}
            what={t("restic.commands")}
          />
          <Text size="sm" c="dimmed">
            {backup.snapshot_id
              ? t("restic.layout")
              : t("restic.choose", { at: formatExact(new Date(backup.created_at), locale) })}
          </Text>
        </Stack>
      )}
    </Loaded>
  );
}
