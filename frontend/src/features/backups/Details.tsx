import { Button, Drawer, Group, Skeleton, Stack, Tabs, Text } from "@mantine/core";
import { IconArchive } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { useBackup } from "@/backup/hooks/useBackup";
import { isStored } from "@/backup/jobs";
import { useAsking } from "@/features/backups/asking";
import { Checks } from "@/features/backups/Checks";
import { Marks } from "@/features/backups/cells";
import { DetailActions } from "@/features/backups/DetailActions";
import classes from "@/features/backups/Details.module.css";
import { Files } from "@/features/backups/Files";
import { Log } from "@/features/backups/Log";
import { nameOf } from "@/features/backups/name";
import { Summary } from "@/features/backups/Summary";
import { Tables } from "@/features/backups/Tables";
import { useLocale } from "@/i18n/useLocale";
import { Empty, Loaded, Loading } from "@/parts/States";
import { StatusBadge } from "@/parts/StatusBadge";
import { When } from "@/parts/Values";

const TABS = ["summary", "files", "tables", "checks", "log"] as const;

interface DetailsProps {
  id: string;
  onClose: () => void;
}

/** All that is known of one backup, and all that can be done with it. */
export default function Details({ id, onClose }: DetailsProps) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const { asked } = useAsking();
  const query = useBackup(id);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={780}
      // A dialog that lies above has the keys.
      closeOnEscape={!asked}
      title={query.data ? nameOf(query.data, locale) : t("details.title")}
      styles={{
        title: {
          fontSize: "var(--mantine-h3-font-size)",
          fontWeight: 650,
          overflowWrap: "anywhere",
        },
        header: { alignItems: "flex-start" },
      }}
      closeButtonProps={{ "aria-label": word("actions.close") }}
    >
      {query.data === undefined && toProblem(query.error).status === 404 ? (
        <Empty
          title={t("details.missing")}
          icon={<IconArchive size={28} stroke={1.5} aria-hidden />}
          action={<Button onClick={onClose}>{t("details.all")}</Button>}
        >
          {t("details.missingHint")}
        </Empty>
      ) : (
        <Loaded query={query} loading={<Waiting />}>
          {(backup) => <Shown backup={backup} />}
        </Loaded>
      )}
    </Drawer>
  );
}

function Waiting() {
  return (
    <Stack>
      <Skeleton height={36} width={320} />
      <Loading rows={7} height={28} />
    </Stack>
  );
}

function Shown({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  return (
    <Stack gap="md">
      <Group gap="xs">
        <StatusBadge status={backup.status} />
        <Text size="sm" c="dimmed">
          {word(`type.${backup.type}`)} · <When at={backup.created_at} />
        </Text>
        <Marks backup={backup} />
      </Group>
      <DetailActions backup={backup} />
      {isStored(backup) ? (
        <Tabs defaultValue="summary" keepMounted={false}>
          <Tabs.List aria-label={t("details.title")} className={classes.tabs}>
            {TABS.map((each) => (
              <Tabs.Tab key={each} value={each} px={{ base: 4, xs: "md" }}>
                {t(`details.${each}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="summary" pt="md">
            <Summary backup={backup} />
          </Tabs.Panel>
          <Tabs.Panel value="files" pt="md">
            <Files backup={backup} />
          </Tabs.Panel>
          <Tabs.Panel value="tables" pt="md">
            <Tables backup={backup} />
          </Tabs.Panel>
          <Tabs.Panel value="checks" pt="md">
            <Checks backup={backup} />
          </Tabs.Panel>
          <Tabs.Panel value="log" pt="md">
            <Log backup={backup} />
          </Tabs.Panel>
        </Tabs>
      ) : (
        <>
          <Summary backup={backup} />
          <Log backup={backup} />
        </>
      )}
    </Stack>
  );
}
