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
