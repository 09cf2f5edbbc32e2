import { ActionIcon, Group, Select, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { LIMITS } from "@/parts/useListAddress";

interface ListPagerProps {
  total: number;
  /** How many are on this page. */
  shown: number;
  limit: number;
  pagesBefore: number | null;
  nextCursor: string | null;
  onLimit: (limit: number) => void;
  onPrevious: () => void;
  onNext: (cursor: string) => void;
}

/** Which part of a list this is, and the ways to the others. */
export function ListPager(props: ListPagerProps) {
  const { limit, pagesBefore, nextCursor } = props;
  const { t } = useTranslation();
  return (
    <Group justify="space-between" gap="sm">
      <Text size="sm" c="dimmed" aria-live="polite">
        <Range {...props} />
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
          value={`${limit}`}
          allowDeselect={false}
          onChange={(chosen) => props.onLimit(Number(chosen))}
        />
        <ActionIcon
          variant="default"
          size={30}
          aria-label={pagesBefore === null ? t("pager.first") : t("pager.previous")}
          disabled={pagesBefore === 0}
          onClick={props.onPrevious}
        >
          <IconChevronLeft size={18} aria-hidden />
        </ActionIcon>
        <ActionIcon
          variant="default"
          size={30}
          aria-label={t("pager.next")}
          disabled={nextCursor === null}
          onClick={() => nextCursor && props.onNext(nextCursor)}
        >
          <IconChevronRight size={18} aria-hidden />
        </ActionIcon>
      </Group>
    </Group>
  );
}

function Range({ total, shown, limit, pagesBefore }: ListPagerProps) {
  const locale = useLocale();
  const { t } = useTranslation();
  const all = formatNumber(total, locale);
  if (pagesBefore === null) return t("pager.total", { all });
  const first = pagesBefore * limit + 1;
  return t("pager.part", {
    first: formatNumber(first, locale),
    last: formatNumber(first + shown - 1, locale),
    all,
  });
}
