import { Button, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { byName } from "@/format/names";
import { formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { isChanged, type TableChange } from "@/restore/changes";
import { Difference } from "@/restore/Difference";

interface TableChangesProps {
  tables: readonly TableChange[];
  /** Whether they are settings, with values instead of rows. */
  settings: boolean;
}

/** Rows of each table now and after; those that keep their number on request. */
export function TableChanges({ tables, settings }: TableChangesProps) {
  const { t } = useTranslation("restoring");
  const [all, { toggle }] = useDisclosure();
  const compare = byName(useLocale());
  const sorted = tables.toSorted((one, other) => compare(one.name, other.name));
  const changed = sorted.filter(isChanged);
  const same = tables.length - changed.length;
  const shown = all ? sorted : changed;
  if (tables.length === 0) return null;
  return (
    <>
      {shown.length > 0 &&
        (settings ? <SettingRows settings={shown} /> : <CountRows tables={shown} />)}
      {same > 0 && (
        <Text size="sm" c="dimmed" component="div">
          {settings ? t("tables.sameSettings", { count: same }) : t("tables.same", { count: same })}{" "}
          <Button variant="subtle" size="compact-sm" onClick={toggle} aria-expanded={all}>
            {all ? t("tables.less") : t("tables.all")}
          </Button>
        </Text>
      )}
    </>
  );
}

function CountRows({ tables }: { tables: readonly TableChange[] }) {
  const { t } = useTranslation("restoring");
  const locale = useLocale();
  const shown = (count: number | null) => (count === null ? "–" : formatNumber(count, locale));
  return (
    <Table
      verticalSpacing={4}
      horizontalSpacing={6}
      fz="sm"
      maw={640}
      aria-label={t("tables.label")}
    >
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{t("tables.table")}</Table.Th>
          <Table.Th scope="col" ta="right">
            {t("tables.now")}
          </Table.Th>
          <Table.Th scope="col" ta="right">
            {t("tables.after")}
          </Table.Th>
          <Table.Th scope="col" ta="right">
            {t("tables.difference")}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {tables.map((each) => (
          <Table.Tr key={each.name}>
            <Table.Th scope="row" fw={500} style={{ overflowWrap: "anywhere" }}>
              {each.name}
            </Table.Th>
            <Table.Td ta="right">{shown(each.before)}</Table.Td>
            <Table.Td ta="right">{shown(each.after)}</Table.Td>
            <Table.Td ta="right">
              <Difference change={each} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function SettingRows({ settings }: { settings: readonly TableChange[] }) {
  return settings.map((each) => (
    <Text key={each.name} size="sm" style={{ overflowWrap: "anywhere" }}>
      <Text span inherit fw={600}>
        {each.name}
      </Text>{" "}
      {each.detail}
    </Text>
  ));
}
