import {
  Anchor,
  Button,
  SegmentedControl,
  Stack,
  Table,
  Text,
  type TextProps,
} from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { CleanupDecision } from "@/api/generated/plan";
import { Fate } from "@/features/schedule/Fate";
import { fateOf, reasonsInWords } from "@/features/schedule/reasons";
import { isKnownZone } from "@/format/zones";
import { Bytes, When } from "@/parts/Values";

const SHOWN = 12;
const FILTERS = ["all", "stay", "go"] as const;
type Filter = (typeof FILTERS)[number];

interface DecisionsProps {
  decisions: readonly CleanupDecision[];
  timezone: string;
}

/** Each backup, newest first: whether it stays, and why. */
export function Decisions({ decisions, timezone }: DecisionsProps) {
  const { t } = useTranslation("schedule");
  const [filter, setFilter] = useState<Filter>("all");
  const [shown, setShown] = useState(SHOWN);
  const found = decisions.filter((each) => filter === "all" || each.keep === (filter === "stay"));
  const left = found.length - shown;
  return (
    <Stack gap="xs">
      <SegmentedControl
        aria-label={t("filter.label")}
        size="xs"
        data={FILTERS.map((each) => ({ value: each, label: t(`filter.${each}`) }))}
        value={filter}
        onChange={(chosen) => {
          setFilter(chosen as Filter);
          setShown(SHOWN);
        }}
        style={{ alignSelf: "flex-start" }}
      />
      <DecisionTable decisions={found.slice(0, shown)} timezone={timezone} />
      {found.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("filter.none")}
        </Text>
      )}
      {left > 0 && (
        <Button variant="default" size="xs" onClick={() => setShown(shown + 50)}>
          {t("filter.more", { count: left })}
        </Button>
      )}
    </Stack>
  );
}

/** The table of it, without what chooses among them. */
export function DecisionTable({ decisions, timezone }: DecisionsProps) {
  const { t } = useTranslation("schedule");
  const zone = isKnownZone(timezone) ? timezone : undefined;
  if (decisions.length === 0) return null;
  return (
    <Table verticalSpacing={7} horizontalSpacing={6} aria-label={t("table.label")}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{t("table.backup")}</Table.Th>
          <Table.Th scope="col">{t("table.fate")}</Table.Th>
          <Table.Th scope="col" visibleFrom="sm">
            {t("table.why")}
          </Table.Th>
          <Table.Th scope="col" visibleFrom="sm" ta="right">
            {t("table.size")}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {decisions.map((each) => (
          <Table.Tr key={each.backup_id}>
            <Table.Td miw={{ sm: 178 }}>
              <Anchor component={Link} href={`/backups/${each.backup_id}`} size="sm">
                <When at={each.created_at} as="short" timeZone={zone} />
              </Anchor>
              <Why reasons={each.reasons} hiddenFrom="sm" />
            </Table.Td>
            <Table.Td>
              <Fate fate={fateOf(each)} />
            </Table.Td>
            <Table.Td visibleFrom="sm">
              <Why reasons={each.reasons} />
            </Table.Td>
            <Table.Td visibleFrom="sm" ta="right">
              <Text size="sm" span style={{ whiteSpace: "nowrap" }}>
                <Bytes value={each.original_size_bytes} />
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** The reasons; on a phone they stand below the time, for there is no room beside it. */
function Why({
  reasons,
  hiddenFrom,
}: Pick<CleanupDecision, "reasons"> & Pick<TextProps, "hiddenFrom">) {
  const { t } = useTranslation("schedule");
  return (
    <Text size="sm" c="dimmed" hiddenFrom={hiddenFrom}>
      {reasonsInWords(reasons, t).join(" · ")}
    </Text>
  );
}
