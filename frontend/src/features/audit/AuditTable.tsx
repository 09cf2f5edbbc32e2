import { ActionIcon, Box, Paper, Table, VisuallyHidden } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { AuditEntryShape } from "@/api/generated/plan";
import { About, Actor, Outcome, Particulars, useActionWords } from "@/features/audit/cells";
import { When } from "@/parts/Values";

/** The entries in a table, where there is room for one. */
export function AuditTable({ entries }: { entries: readonly AuditEntryShape[] }) {
  const { t } = useTranslation("audit");
  return (
    <Paper withBorder style={{ overflow: "hidden" }}>
      <Table verticalSpacing="xs" horizontalSpacing="sm" aria-label={t("title")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" w={44}>
              <VisuallyHidden>{t("list.more")}</VisuallyHidden>
            </Table.Th>
            <Table.Th scope="col" w={230}>
              {t("list.what")}
            </Table.Th>
            <Table.Th scope="col">{t("list.object")}</Table.Th>
            <Table.Th scope="col" w={130}>
              {t("list.who")}
            </Table.Th>
            <Table.Th scope="col" w={145}>
              {t("list.outcome")}
            </Table.Th>
            <Table.Th scope="col" w={130} visibleFrom="lg">
              {t("list.address")}
            </Table.Th>
            <Table.Th scope="col" w={130}>
              {t("list.when")}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <EntryRows key={entry.number} entry={entry} />
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function EntryRows({ entry }: { entry: AuditEntryShape }) {
  const { t } = useTranslation("audit");
  const [opened, { toggle }] = useDisclosure();
  const words = useActionWords(entry.action);
  const Icon = opened ? IconChevronDown : IconChevronRight;
  return (
    <>
      <Table.Tr>
        <Table.Td>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            aria-expanded={opened}
            aria-label={t("list.moreOf", { what: words, number: entry.number })}
            onClick={toggle}
          >
            <Icon size={16} aria-hidden />
          </ActionIcon>
        </Table.Td>
        <Table.Th scope="row" fw={500}>
          {words}
        </Table.Th>
        <Table.Td style={{ overflowWrap: "anywhere" }}>
          <About entry={entry} />
        </Table.Td>
        <Table.Td style={{ overflowWrap: "anywhere" }}>
          <Actor entry={entry} />
        </Table.Td>
        <Table.Td>
          <Outcome entry={entry} />
        </Table.Td>
        <Table.Td visibleFrom="lg">{entry.address}</Table.Td>
        <Table.Td>
          <When at={entry.at} />
        </Table.Td>
      </Table.Tr>
      {opened && (
        <Table.Tr>
          <Table.Td />
          <Table.Td colSpan={6}>
            <Box maw={560}>
              <Particulars entry={entry} />
            </Box>
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}
