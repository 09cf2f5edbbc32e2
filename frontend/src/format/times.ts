const STEPS: ReadonlyArray<readonly [Intl.RelativeTimeFormatUnit, number]> = [
  ["year", 365.25 * 86_400],
  ["month", 30.44 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** How long ago or ahead an instant is, such as `2 hours ago`. */
export function formatAgo(instant: Date, now: Date, locale: string): string {
  const seconds = (instant.getTime() - now.getTime()) / 1000;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return format.format(Math.round(seconds / length), unit);
  }
  return format.format(0, "second");
}

/** An instant in full, with its zone. */
export function formatExact(instant: Date, locale: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, {
    dateStyle: "full",
    timeStyle: "long",
    ...(timeZone && { timeZone }),
  }).format(instant);
}

/** An instant to the minute. */
export function formatShort(instant: Date, locale: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, {
    dateStyle: "medium",
    timeStyle: "short",
    ...(timeZone && { timeZone }),
  }).format(instant);
}

/** A day. */
export function formatDay(instant: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(instant);
}

/** How long something took, such as `3 min 12 sec`. */
export function formatDuration(seconds: number, locale: string): string {
  const part = (value: number, unit: string, digits = 0) =>
    new Intl.NumberFormat(locale, {
      style: "unit",
      unit,
      unitDisplay: "short",
      maximumFractionDigits: digits,
    }).format(value);
  if (seconds < 10) return part(seconds, "second", 1);
  const whole = Math.round(seconds);
  if (whole < 60) return part(whole, "second");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${part(hours, "hour")} ${part(minutes, "minute")}`;
  return `${part(minutes, "minute")} ${part(whole % 60, "second")}`;
}
