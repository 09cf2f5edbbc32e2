import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { sayingsOf } from "@/features/jobs/result";
import { formatBytes, formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";

/** What came of a job, in the reader's language. */
export function useSayings(job: JobShape): string[] {
  const locale = useLocale();
  const { t } = useTranslation("jobs");
  return sayingsOf(job).map(({ key, count = 0, bytes = 0, stored = 0, tables = 0, sources = "" }) =>
    t(`said.${key}`, {
      count,
      sources,
      number: formatNumber(count, locale),
      size: formatBytes(bytes, locale),
      stored: formatBytes(stored, locale),
      tables: t("said.tables", { count: tables, number: formatNumber(tables, locale) }),
    }),
  );
}
