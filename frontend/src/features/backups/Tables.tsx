import { Stack, Table, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { byName } from "@/format/names";
import { formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Count } from "@/parts/Values";

/** From how many tables on it is worth to search. */
const MANY = 12;

/** The tables of the databases in a backup, with their rows. */
export function Tables({ backup }: { backup: BackupShape }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const [sought, setSought] = useState("");
  const compare = byName(locale);
  const all = Object.entries(backup.table_counts);
  const shown = all
    .filter(([name]) => name.toLowerCase().includes(sought.trim().toLowerCase()))
    .sort(([one], [other]) => compare(one, other));
  if (all.length === 0) return <Text size="sm">{t("tables.none")}</Text>;
  return (
    <Stack gap="sm">
      {all.length >= MANY && (
        <TextInput
          type="search"
          aria-label={t("tables.search")}
          placeholder={t("tables.search")}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={sought}
          onChange={(event) => setSought(event.currentTarget.value)}
        />
      )}
      <Table aria-label={t("details.tables")} horizontalSpacing={4} verticalSpacing={5}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("tables.name")}</Table.Th>
            <Table.Th scope="col" ta="right">
              {t("tables.rows")}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map(([name, rows]) => (
            <Table.Tr key={name}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{name}</Table.Td>
              <Table.Td ta="right">
                <Count value={rows} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="sm" c="dimmed" aria-live="polite">
        {t("tables.total", {
          count: shown.length,
          rows: formatNumber(backup.total_records, locale),
        })}
      </Text>
    </Stack>
  );
}
