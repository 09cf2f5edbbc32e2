import {
  Checkbox,
  Group,
  Paper,
  Stack,
  Table,
  Text,
  UnstyledButton,
  VisuallyHidden,
} from "@mantine/core";
import { IconArrowDown, IconArrowsSort, IconArrowUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { isStored } from "@/backup/jobs";
import { BackupMenu } from "@/features/backups/BackupMenu";
import { Happening, Marks, NameLink } from "@/features/backups/cells";
import classes from "@/features/backups/cells.module.css";
import { nameOf } from "@/features/backups/name";
import type { Selection } from "@/features/backups/useSelection";
import { useView } from "@/features/backups/useView";
import { turned } from "@/features/backups/view";
import { useLocale } from "@/i18n/useLocale";
import { StatusBadge } from "@/parts/StatusBadge";
import { Bytes, Took, When } from "@/parts/Values";

export interface ListProps {
  backups: BackupShape[];
  selection: Selection;
}

/** The backups in a table, where there is room for one. */
export function BackupTable({ backups, selection }: ListProps) {
  const { t } = useTranslation("backups");
  const { here, possible, toggleAll } = selection;
  const some = here.length > 0;
  return (
    <Paper withBorder>
      <Table verticalSpacing="xs" horizontalSpacing="sm" highlightOnHover aria-label={t("title")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" w={44}>
              <Checkbox
                aria-label={t("selection.all")}
                checked={some && here.length === possible.length}
                indeterminate={some && here.length < possible.length}
                disabled={possible.length === 0}
                onChange={toggleAll}
              />
            </Table.Th>
            <Table.Th scope="col">{t("list.backup")}</Table.Th>
            <Table.Th scope="col" w={170}>
              {t("list.status")}
            </Table.Th>
            <SortHead column="created_at">{t("list.taken")}</SortHead>
            <SortHead column="size">{t("list.size")}</SortHead>
            <Table.Th scope="col" ta="right" w={100} visibleFrom="lg">
              {t("list.took")}
            </Table.Th>
            <Table.Th scope="col" w={52}>
              <VisuallyHidden>{t("list.actions")}</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {backups.map((backup) => (
            <BackupRow key={backup.id} backup={backup} selection={selection} />
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function SortHead({ column, children }: { column: "created_at" | "size"; children: ReactNode }) {
  const { view, change } = useView();
  const sorted = view.sort.endsWith(column);
  const down = view.sort.startsWith("-");
  const Icon = sorted ? (down ? IconArrowDown : IconArrowUp) : IconArrowsSort;
  return (
    <Table.Th
      scope="col"
      w={column === "size" ? 130 : 150}
      aria-sort={sorted ? (down ? "descending" : "ascending") : undefined}
    >
      <UnstyledButton
        fz="sm"
        fw={700}
        ml={column === "size" ? "auto" : undefined}
        display="flex"
        mih={24}
        onClick={() => change({ sort: turned(view.sort, column) })}
      >
        <Group gap={4} wrap="nowrap">
          {children}
          <Icon size={15} aria-hidden opacity={sorted ? 1 : 0.5} />
        </Group>
      </UnstyledButton>
    </Table.Th>
  );
}

function BackupRow({ backup, selection }: { backup: BackupShape; selection: Selection }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const stored = isStored(backup);
  const checked = stored && selection.has(backup.id);
  return (
    <Table.Tr className={checked ? classes.chosen : undefined}>
      <Table.Td>
        {stored && (
          <Checkbox
            aria-label={t("selection.one", { name: nameOf(backup, locale) })}
            checked={checked}
            onChange={() => selection.toggle(backup)}
          />
        )}
      </Table.Td>
      <Table.Td>
        <Stack gap={4}>
          <NameLink backup={backup} />
          <Happening backup={backup} />
          <Marks backup={backup} />
        </Stack>
      </Table.Td>
      <Table.Td>
        <StatusBadge status={backup.status} />
      </Table.Td>
      <Table.Td>
        <Stack gap={0}>
          <When at={backup.created_at} />
          <Text size="xs" c="dimmed">
            {word(`type.${backup.type}`)}
          </Text>
        </Stack>
      </Table.Td>
      <Table.Td ta="right">{stored && <Sizes backup={backup} />}</Table.Td>
      <Table.Td ta="right" visibleFrom="lg">
        {stored && backup.duration_s !== null && <Took seconds={backup.duration_s} />}
      </Table.Td>
      <Table.Td>
        <BackupMenu backup={backup} />
      </Table.Td>
    </Table.Tr>
  );
}

function Sizes({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  return (
    <Stack gap={0}>
      <Bytes value={backup.original_size_bytes} />
      <Text size="xs" c="dimmed">
        +<Bytes value={backup.stored_size_bytes} /> {t("list.added")}
      </Text>
    </Stack>
  );
}
