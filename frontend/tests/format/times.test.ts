import { expect, test } from "vitest";
import { formatAgo, formatClock } from "@/format/times";

function told(instant: string, now: string, zone = "UTC", locale = "en"): string {
  return formatAgo(new Date(instant), new Date(now), locale, zone);
}

test.each([
  ["2026-11-21T11:59:30Z", "now"],
  ["2026-11-21T11:00:00Z", "1 hour ago"],
  ["2026-11-20T17:00:00Z", "19 hours ago"],
  ["2026-11-20T15:00:00Z", "yesterday"],
  ["2026-11-20T00:30:00Z", "yesterday"],
  ["2026-11-19T23:30:00Z", "2 days ago"],
  ["2026-11-15T11:00:00Z", "6 days ago"],
  ["2026-11-14T13:00:00Z", "7 days ago"],
  ["2026-11-14T12:00:00Z", "7 days ago"],
  ["2026-11-10T22:00:00Z", "11 days ago"],
  ["2026-11-07T12:00:01Z", "14 days ago"],
  ["2026-11-07T12:00:00Z", "2 weeks ago"],
  ["2026-10-31T12:00:01Z", "2 weeks ago"],
  ["2026-10-05T12:00:00Z", "6 weeks ago"],
  ["2026-09-01T12:00:00Z", "2 months ago"],
  ["2025-01-01T12:00:00Z", "22 months ago"],
  ["2024-01-01T12:00:00Z", "2 years ago"],
  ["2026-12-02T12:00:00Z", "in 11 days"],
  ["2026-11-22T02:00:00Z", "in 14 hours"],
  ["2026-11-22T08:00:00Z", "tomorrow"],
  ["2026-11-22T23:59:00Z", "tomorrow"],
  ["2026-11-23T00:00:00Z", "in 2 days"],
  ["2026-11-23T02:00:00Z", "in 2 days"],
])("at noon of November 21, %s is %s", (instant, said) => {
  expect(told(instant, "2026-11-21T12:00:00Z")).toBe(said);
});

test("the day after tomorrow is never tomorrow, yesterday never the day before", () => {
  expect(told("2026-11-23T02:00:00Z", "2026-11-21T20:00:00Z", "UTC", "de")).toBe("übermorgen");
  expect(told("2026-11-20T01:00:00Z", "2026-11-21T23:00:00Z", "UTC", "de")).toBe("gestern");
});

test("the days are those of the zone in which the time is shown", () => {
  const [run, now] = ["2026-11-22T23:30:00Z", "2026-11-21T20:00:00Z"];
  expect(told(run, now, "UTC")).toBe("tomorrow");
  expect(told(run, now, "Europe/Berlin")).toBe("in 2 days");
});

test("a day of 23 or 25 hours is a day", () => {
  // Europe/Berlin goes forward on March 29, back on October 25.
  expect(told("2026-03-28T22:30:00Z", "2026-03-29T21:30:00Z", "Europe/Berlin")).toBe("yesterday");
  expect(told("2026-10-24T22:10:00Z", "2026-10-25T22:50:00Z", "Europe/Berlin")).toBe(
    "25 hours ago",
  );
  expect(told("2026-10-24T21:30:00Z", "2026-10-25T22:50:00Z", "Europe/Berlin")).toBe("yesterday");
});

test("a time of today needs no day", () => {
  const at = new Date("2026-11-21T16:02:00Z");
  expect(formatClock(at, at, "de")).toMatch(/^\d\d:\d\d$/);
  expect(formatClock(at, new Date("2026-11-23T16:02:00Z"), "de")).toMatch(/11\.2026.*:\d\d$/);
});
