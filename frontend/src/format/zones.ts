/** The time zone of the reader's clock. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Whether the browser can show times in a zone. */
export function isKnownZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

/** The zone to show times in: a server may know zones that this browser does not. */
export function shownZone(zone: string): string {
  return isKnownZone(zone) ? zone : "UTC";
}

/** The instant at which a day such as `2026-01-31` begins in a zone (or for the reader). */
export function midnightIn(day: string, later = 0, timeZone?: string): Date {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  if (!timeZone) return new Date(year, month - 1, date + later);
  const wanted = Date.UTC(year, month - 1, date + later);
  const first = wanted - offsetAt(wanted, timeZone);
  // What the clocks do in between is known only from there.
  return new Date(wanted - offsetAt(first, timeZone));
}

/** How far the clocks of a zone are ahead of UTC at an instant [ms]. */
function offsetAt(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const shown = Date.UTC(
    of("year"),
    of("month") - 1,
    of("day"),
    of("hour"),
    of("minute"),
    of("second"),
  );
  return shown - Math.floor(at / 1000) * 1000;
}

/** Return what tells the day of an instant in a zone (or the reader's), as `2026-01-31`. */
export function dayIn(timeZone?: string): (instant: Date) => string {
  const format = new Intl.DateTimeFormat("en-CA", {
    ...(timeZone && { timeZone }),
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  return (instant) => format.format(instant);
}
