import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import type { TableChange } from "@/restore/changes";

/** How many rows more or fewer a table has after; or that it comes, goes, or is replaced. */
export function Difference({ change }: { change: TableChange }) {
  const { t } = useTranslation("restoring");
  const locale = useLocale();
  const { action, before, after } = change;
  if (action === "create")
    return (
      <Text span inherit>
        {t("tables.created")}
      </Text>
    );
  if (action === "remove") {
    return (
      <Text span inherit c="var(--mantine-color-error)">
        {t("tables.removed")}
      </Text>
    );
  }
  if (action === "unchanged")
    return (
      <Text span inherit>
        {t("tables.unchanged")}
      </Text>
    );
  if (before === null || after === null)
    return (
      <Text span inherit>
        {t("tables.unknown")}
      </Text>
    );
  const by = after - before;
  if (by === 0) {
    return (
      <Text span inherit c="dimmed">
        {t("tables.equal")}
      </Text>
    );
  }
  return (
    <Text span inherit fw={600} c={by < 0 ? "var(--mantine-color-error)" : undefined}>
      {by < 0 ? "−" : "+"}
      {formatNumber(Math.abs(by), locale)}
    </Text>
  );
}
