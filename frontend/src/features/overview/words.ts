/** How long a span is, in hours or days, such as `36 hours`. */
export function formatSpan(seconds: number, locale: string): string {
  const hours = seconds / 3600;
  return hours < 48
    ? formatUnit(Math.max(1, Math.round(hours)), "hour", locale)
    : formatUnit(Math.round(hours / 24), "day", locale);
}

/** A number with its unit in full, such as `3 days`. */
export function formatUnit(count: number, unit: string, locale: string): string {
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(count);
}

/** Parts of a sentence as a list: `a, b and c`. */
export function formatList(parts: readonly string[], locale: string): string {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(parts);
}

/** A day such as `2026-01-31` for people, with its weekday. */
export function formatCalendarDay(date: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  }).format(new Date(`${date}T00:00Z`));
}
