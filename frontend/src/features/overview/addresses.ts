import { midnightIn } from "@/format/zones";

/** Where the backups of a day of the plan's calendar are listed. */
export function addressOfDay(date: string, timeZone: string): string {
  const query = new URLSearchParams({ from: date, to: date });
  // A day of the list is the reader's unless it says whose.
  const isOwn = [0, 1].every(
    (later) => midnightIn(date, later).getTime() === midnightIn(date, later, timeZone).getTime(),
  );
  if (!isOwn) query.set("zone", timeZone);
  return `/backups?${query}`;
}
