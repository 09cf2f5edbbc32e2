import { Text, type TextProps, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatBytes, formatExactBytes, formatNumber, formatShare } from "@/format/numbers";
import {
  formatAgo,
  formatDuration,
  formatExact,
  formatExactSeconds,
  formatShort,
} from "@/format/times";
import { shownZone } from "@/format/zones";
import { useLocale } from "@/i18n/useLocale";
import { useNow } from "@/parts/useNow";

interface WhenProps extends TextProps {
  at: string | null | undefined;
  /** `ago`: 2 hours ago. `short`: Jan 31, 2026, 02:00. */
  as?: "ago" | "short";
  timeZone?: string;
}

/** An instant; the exact one on hover and focus. */
export function When({ at, as = "ago", timeZone: wanted, ...text }: WhenProps) {
  const locale = useLocale();
  const now = useNow();
  const { t } = useTranslation();
  if (!at)
    return (
      <Text span inherit {...text}>
        {t("time.never")}
      </Text>
    );
  const instant = new Date(at);
  const timeZone = wanted ? shownZone(wanted) : undefined;
  const shown =
    as === "ago"
      ? formatAgo(instant, now, locale, timeZone)
      : formatShort(instant, locale, timeZone);
  return (
    <Tooltip label={formatExact(instant, locale, timeZone)} withinPortal>
      <Text span inherit {...text}>
        <time dateTime={at}>{shown}</time>
      </Text>
    </Tooltip>
  );
}

/** A size; the exact number of bytes on hover. */
export function Bytes({ value }: { value: number }) {
  const locale = useLocale();
  return (
    <Tooltip label={formatExactBytes(value, locale)}>
      <span style={{ whiteSpace: "nowrap" }}>{formatBytes(value, locale)}</span>
    </Tooltip>
  );
}

/** How many times as much, such as `8.6`; to the hundredth on hover. */
export function Ratio({ value, sign = "" }: { value: number; sign?: string }) {
  const locale = useLocale();
  return (
    <Tooltip label={`${formatNumber(value, locale, 2)}${sign}`}>
      <span>
        {formatNumber(value, locale, 1)}
        {sign}
      </span>
    </Tooltip>
  );
}

/** A share of a whole, such as `7%`; to the hundredth of a percent on hover. */
export function Share({ of, value }: { of: number; value: number }) {
  const locale = useLocale();
  return (
    <Tooltip label={formatShare(value / of, locale, 2)}>
      <span style={{ whiteSpace: "nowrap" }}>{formatShare(value / of, locale)}</span>
    </Tooltip>
  );
}

/** A number. */
export function Count({ value, digits = 0 }: { value: number; digits?: number }) {
  return <span>{formatNumber(value, useLocale(), digits)}</span>;
}

/** How long something took; to the thousandth of a second on hover. */
export function Took({ seconds }: { seconds: number | null | undefined }) {
  const locale = useLocale();
  const { t } = useTranslation();
  if (seconds === null || seconds === undefined) return <span>{t("words.unknown")}</span>;
  return (
    <Tooltip label={formatExactSeconds(seconds, locale)}>
      <span style={{ whiteSpace: "nowrap" }}>{formatDuration(seconds, locale)}</span>
    </Tooltip>
  );
}
