import { dayIn } from "@/format/zones";

const DAY_S = 86_400;

/** The longer units begin at two of them: "2 weeks" for 11 days would be wrong by half of one. */
const STEPS: ReadonlyArray<readonly [Intl.RelativeTimeFormatUnit, number, from: number]> = [
  ["year", 365.25 * DAY_S, 2],
  ["month", 30.44 * DAY_S, 2],
  ["week", 7 * DAY_S, 2],
];

const SHORT_STEPS: typeof STEPS = [
  ["hour", 3_600, 1],
  ["minute", 60, 1],
];

/** From here on another day is called by its name: "yesterday" rather than "22 hours ago". */
const NAMED_DAY_S = 20 * 3_600;

/** How long ago or ahead an instant is, such as `2 hours ago`; days are those of the calendar. */
export function formatAgo(instant: Date, now: Date, locale: string, timeZone?: string): string {
  const seconds = (instant.getTime() - now.getTime()) / 1000;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  for (const [unit, length, from] of STEPS) {
    if (Math.abs(seconds) >= from * length)
      return format.format(Math.trunc(seconds / length), unit);
  }
  if (Math.abs(seconds) >= NAMED_DAY_S) {
    const days = daysBetween(now, instant, timeZone);
    if (days !== 0) return format.format(days, "day");
  }
  for (const [unit, length] of SHORT_STEPS) {
    if (Math.abs(seconds) >= length) return format.format(Math.round(seconds / length), unit);
  }
  return format.format(0, "second");
}

/** How many days of the calendar lie between two instants, whatever the clocks do meanwhile. */
function daysBetween(from: Date, to: Date, timeZone?: string): number {
  const dayOf = dayIn(timeZone);
  const noon = (instant: Date) => Date.parse(`${dayOf(instant)}T12:00Z`);
  return (noon(to) - noon(from)) / (DAY_S * 1000);
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

/** The time of an instant; with its day unless that is today. */
export function formatClock(instant: Date, now: Date, locale: string): string {
  if (daysBetween(instant, now) !== 0) return formatShort(instant, locale);
  return new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(instant);
}

/** A day as a name for what was made on it; with the time if it must be told from `other`. */
export function formatNamedDay(instant: Date, locale: string, other?: Date): string {
  const isSameDay = other !== undefined && daysBetween(instant, other) === 0;
  return new Intl.DateTimeFormat(locale, {
    month: "long",
    day: "numeric",
    ...(isSameDay && { hour: "numeric", minute: "2-digit" }),
  }).format(instant);
}

/** A day. */
export function formatDay(instant: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(instant);
}

/** How long something took, to the thousandth of a second. */
export function formatExactSeconds(seconds: number, locale: string): string {
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: "second",
    unitDisplay: "long",
    maximumFractionDigits: 3,
  }).format(seconds);
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
