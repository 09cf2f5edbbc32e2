import { isKnownZone, ownZone } from "@/format/zones";

/** Names of today that some browsers know, but list by those of old (`Asia/Calcutta`). */
const RENAMED = [
  "America/Nuuk",
  "Asia/Ho_Chi_Minh",
  "Asia/Kathmandu",
  "Asia/Kolkata",
  "Asia/Yangon",
  "Atlantic/Faroe",
  "Europe/Kyiv",
  "Pacific/Chuuk",
  "Pacific/Pohnpei",
];

/** The time zones there are, as the browser knows them, and those that are used here anyway. */
export function zonesWith(...used: string[]): string[] {
  const listed = [...Intl.supportedValuesOf("timeZone"), ...RENAMED.filter(isKnownZone)].sort();
  return [...new Set([...used, "UTC", ...listed])].filter(Boolean);
}

/** Whether a zone's name answers to what was typed: `new york` finds `America/New_York`. */
export function isZoneMatch(zone: string, typed: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[_/\s]+/g, " ");
  return plain(zone).includes(plain(typed).trim());
}

/** Whether a zone's clock shows the same as the reader's at an instant. */
export function isOwnTime(zone: string, instant: Date): boolean {
  const show = (timeZone: string) =>
    new Intl.DateTimeFormat("en", { timeZone, dateStyle: "short", timeStyle: "short" }).format(
      instant,
    );
  return show(zone) === show(ownZone());
}

/** The time of day in a zone; null where the browser does not know it. */
export function timeIn(zone: string, instant: Date, locale: string): string | null {
  if (!isKnownZone(zone)) return null;
  return new Intl.DateTimeFormat(locale, { timeZone: zone, timeStyle: "short" }).format(instant);
}
