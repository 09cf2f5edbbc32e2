import { Checkbox, Group, Paper, Select, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { BackupOrder, BackupShape } from "@/api/generated/plan";
import { isStored } from "@/backup/jobs";
import { BackupMenu } from "@/features/backups/BackupMenu";
import type { ListProps } from "@/features/backups/BackupTable";
import { Happening, Marks, NameLink } from "@/features/backups/cells";
import { nameOf } from "@/features/backups/name";
import type { Selection } from "@/features/backups/useSelection";
import { useView } from "@/features/backups/useView";
import { ORDERS } from "@/features/backups/view";
import { useLocale } from "@/i18n/useLocale";
import { StatusBadge } from "@/parts/StatusBadge";
import { Bytes, When } from "@/parts/Values";

/** The backups as cards, where a table has no room. */
export function BackupCards({ backups, selection }: ListProps) {
  const { t } = useTranslation("backups");
  return (
    <Stack gap="xs">
      <Group justify="space-between" wrap="nowrap">
        <SelectAll selection={selection} />
        <Order />
      </Group>
      <Stack component="ul" gap="xs" p={0} m={0} aria-label={t("title")}>
        {backups.map((backup) => (
          <BackupCard key={backup.id} backup={backup} selection={selection} />
        ))}
      </Stack>
    </Stack>
  );
}

function SelectAll({ selection: { here, possible, toggleAll } }: { selection: Selection }) {
  const { t } = useTranslation("backups");
  return (
    <Checkbox
      label={t("selection.allShort")}
      pl="sm"
      checked={here.length > 0 && here.length === possible.length}
      indeterminate={here.length > 0 && here.length < possible.length}
      disabled={possible.length === 0}
      onChange={toggleAll}
    />
  );
}

function Order() {
  const { t } = useTranslation("backups");
  const { view, change } = useView();
  return (
    <Select
      aria-label={t("order.label")}
      size="xs"
      w={170}
      data={ORDERS.map((value) => ({ value, label: t(`order.${value}`) }))}
      value={view.sort}
      allowDeselect={false}
      onChange={(sort) => change({ sort: sort as BackupOrder })}
    />
  );
}

function BackupCard({ backup, selection }: { backup: BackupShape; selection: Selection }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const stored = isStored(backup);
  return (
    <Paper component="li" withBorder p="sm" style={{ listStyle: "none" }}>
      <Group align="flex-start" wrap="nowrap" gap="sm">
        {stored ? (
          <Checkbox
            mt={2}
            aria-label={t("selection.one", { name: nameOf(backup, locale) })}
            checked={selection.has(backup.id)}
            onChange={() => selection.toggle(backup)}
          />
        ) : (
          <div style={{ width: 20, flexShrink: 0 }} />
        )}
        <Stack gap={6} flex={1} miw={0}>
          <NameLink backup={backup} />
          <Group gap="xs" style={{ rowGap: 4 }}>
            <StatusBadge status={backup.status} />
            <Text size="sm" c="dimmed">
              <When at={backup.created_at} /> · {word(`type.${backup.type}`)}
              {stored && (
                <>
                  {" · "}
                  <Bytes value={backup.original_size_bytes} />
                </>
              )}
            </Text>
          </Group>
          <Happening backup={backup} />
          <Marks backup={backup} />
        </Stack>
        <BackupMenu backup={backup} />
      </Group>
    </Paper>
  );
}
