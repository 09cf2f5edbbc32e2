import type { TFunction } from "i18next";
import type { CronForm } from "@/features/schedule/cron";

type Words = TFunction<"schedule">;

/** A Sunday, so that day 0 of cron is one. */
const SUNDAY = Date.UTC(2023, 0, 1);
const DAY_MS = 86_400_000;
const WORKDAYS = "1,2,3,4,5";

/** Say a rhythm in words; null for an own expression, which needs a parser. */
export function sentenceOf(form: CronForm, t: Words, locale: string): string | null {
  const { minute, every } = form;
  const time = formatClock(form.time, locale);
  switch (form.rhythm) {
    case "hourly":
      return minute === 0 ? t("words.hourly") : t("words.hourlyPast", { count: minute });
    case "hours":
      return t("words.hours", { every, time: formatClock(`00:${minute}`, locale) });
    case "daily":
      return t("words.daily", { time });
    case "weekly":
      return sentenceOfWeek(form.weekdays, time, t, locale);
    case "monthly":
      return form.day === "L"
        ? t("words.monthEnd", { time })
        : t("words.monthly", { day: form.day, time });
    case "own":
      return null;
  }
}

function sentenceOfWeek(weekdays: readonly number[], time: string, t: Words, locale: string) {
  if (weekdays.length === 0) return t("words.noWeekday");
  if (weekdays.length === 7) return t("words.daily", { time });
  if (weekdays.join() === WORKDAYS) {
    const [first, last] = [weekdayName(1, locale), weekdayName(5, locale)];
    return t("words.workdays", { first, last, time });
  }
  const names = fromMonday(weekdays).map((each) => weekdayName(each, locale));
  return t("words.weekly", { days: listOf(names, locale), time });
}

/** Days of the week as people read them: Sunday last. */
export function fromMonday(weekdays: readonly number[]): number[] {
  return [...weekdays].sort((a, b) => (a || 7) - (b || 7));
}

export function weekdayName(
  weekday: number,
  locale: string,
  length: "long" | "short" = "long",
): string {
  const format = new Intl.DateTimeFormat(locale, { weekday: length, timeZone: "UTC" });
  return format.format(SUNDAY + weekday * DAY_MS);
}

/** `14:05` as the reader writes times of day. */
export function formatClock(time: string, locale: string): string {
  const [hours = Number.NaN, minutes = Number.NaN] = time.split(":").map(Number);
  if (Number.isNaN(hours) || Number.isNaN(minutes)) return "…";
  const format = new Intl.DateTimeFormat(locale, { timeStyle: "short", timeZone: "UTC" });
  return format.format(Date.UTC(2023, 0, 1, hours, minutes));
}

/** `a, b and c`. */
export function listOf(items: readonly string[], locale: string): string {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(items);
}
