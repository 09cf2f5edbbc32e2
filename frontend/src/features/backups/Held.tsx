import { Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { HeldShape } from "@/api/generated/plan";
import { useSourceKind } from "@/features/backups/useSourceKind";
import { formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Bytes } from "@/parts/Values";

const DATABASES: ReadonlySet<string> = new Set(["sqlite", "postgresql", "mysql", "tables"]);

/** What a backup holds, source by source. */
export function Held({ contents }: { contents: HeldShape[] }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const kindOf = useSourceKind();
  const counted = ({ kind, count }: HeldShape) => {
    const unit = DATABASES.has(kind) ? "rows" : kind === "settings" ? "keys" : "files";
    return t(`held.${unit}`, { count, number: formatNumber(count, locale) });
  };
  return (
    <section>
      <Title order={3} size="h5" mb={6}>
        {t("held.title")}
      </Title>
      <Table aria-label={t("held.title")} horizontalSpacing={4} verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("held.place")}</Table.Th>
            <Table.Th scope="col" ta="right">
              {t("held.count")}
            </Table.Th>
            <Table.Th scope="col" ta="right" w={110}>
              {t("list.size")}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {contents.map((each) => (
            <Table.Tr key={each.root}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                {each.root}
                <Text size="xs" c="dimmed">
                  {kindOf(each.kind)}
                </Text>
              </Table.Td>
              <Table.Td ta="right">{counted(each)}</Table.Td>
              <Table.Td ta="right">
                <Bytes value={each.size_bytes} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
