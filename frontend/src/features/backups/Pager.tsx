import { ActionIcon, Group, Select, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { BackupPage } from "@/api/generated/plan";
import { useView } from "@/features/backups/useView";
import { LIMITS, type View } from "@/features/backups/view";
import { formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";

/** Which part of the list this is, and the ways to the others. */
export function Pager({ page }: { page: BackupPage }) {
  const { t } = useTranslation("backups");
  const { view, change, next, previous, pagesBefore } = useView();
  return (
    <Group justify="space-between" gap="sm">
      <Text size="sm" c="dimmed" aria-live="polite">
        <Range page={page} limit={view.limit} pagesBefore={pagesBefore} />
      </Text>
      <Group gap="xs">
        <Select
          aria-label={t("pager.limit")}
          size="xs"
          w={120}
          data={LIMITS.map((each) => ({
            value: `${each}`,
            label: t("pager.each", { count: each }),
          }))}
          value={`${view.limit}`}
          allowDeselect={false}
          onChange={(chosen) => change({ limit: Number(chosen) as View["limit"] })}
        />
        <ActionIcon
          variant="default"
          size={30}
          aria-label={pagesBefore === null ? t("pager.first") : t("pager.previous")}
          disabled={view.cursor === ""}
          onClick={previous}
        >
          <IconChevronLeft size={18} aria-hidden />
        </ActionIcon>
        <ActionIcon
          variant="default"
          size={30}
          aria-label={t("pager.next")}
          disabled={page.next_cursor === null}
          onClick={() => page.next_cursor && next(page.next_cursor)}
        >
          <IconChevronRight size={18} aria-hidden />
        </ActionIcon>
      </Group>
    </Group>
  );
}

interface RangeProps {
  page: BackupPage;
  limit: number;
  pagesBefore: number | null;
}

function Range({ page, limit, pagesBefore }: RangeProps) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const all = formatNumber(page.total, locale);
  // Where all are on one page, or the reader came by an address.
  if (pagesBefore === null || (pagesBefore === 0 && page.next_cursor === null))
    return t("pager.all", { count: page.total, all });
  const first = pagesBefore * limit + 1;
  const last = first + page.backups.length - 1;
  return t("pager.range", {
    count: page.total,
    first: formatNumber(first, locale),
    last: formatNumber(last, locale),
    all,
  });
}
