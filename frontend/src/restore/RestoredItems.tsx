import { Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { byName } from "@/format/names";
import { useLocale } from "@/i18n/useLocale";
import { Count } from "@/parts/Values";

const MANY = 12;

interface RestoredItemsProps {
  items: Readonly<Record<string, number>>;
  /** What is counted, where it is not what came back. */
  counted?: string;
}

/** How many rows or files came back, table by table or part by part. */
export function RestoredItems({ items, counted }: RestoredItemsProps) {
  const { t } = useTranslation("restoring");
  const compare = byName(useLocale());
  const found = Object.entries(items).sort(([one], [other]) => compare(one, other));
  if (found.length === 0) return null;
  const table = (
    <Table
      verticalSpacing={4}
      fz="sm"
      maw={640}
      aria-label={counted ?? t("result.items")}
      stickyHeader={found.length > MANY}
    >
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{t("result.item")}</Table.Th>
          <Table.Th scope="col" ta="right">
            {counted ?? t("result.count")}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {found.map(([name, count]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" fw={500} style={{ overflowWrap: "anywhere" }}>
              {name}
            </Table.Th>
            <Table.Td ta="right">
              <Count value={count} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
  if (found.length <= MANY) return table;
  return (
    <Table.ScrollContainer minWidth={260} maxHeight={320} type="native" tabIndex={0}>
      {table}
    </Table.ScrollContainer>
  );
}
