import { expect, test } from "vitest";
import { rulesOf, spansOf } from "@/features/overview/retention";
import { formatCalendarDay, formatSpan } from "@/features/overview/words";

test("a retention is its rules and its limits, without those that are not set", () => {
  const retention = { keep_last: 0, keep_daily: 7, keep_weekly: 1, keep_within: "2d" };
  expect(
    rulesOf({ ...retention, keep_tags: ["upgrade"], max_backups: 50, retention_days: 30 }),
  ).toEqual({
    keeps: [
      { rule: "keep_daily", count: 7 },
      { rule: "keep_weekly", count: 1 },
      { rule: "keep_within", spans: [[2, "day"]] },
      { rule: "keep_tags", tags: ["upgrade"] },
    ],
    limits: [
      { rule: "max_backups", count: 50 },
      { rule: "retention_days", spans: [[30, "day"]] },
    ],
  });
  expect(rulesOf({ max_backups: null, retention_days: null, keep_tags: [] })).toEqual({
    keeps: [],
    limits: [],
  });
});

test("a span is read unit by unit", () => {
  expect(spansOf("1y5m7d2h")).toEqual([
    [1, "year"],
    [5, "month"],
    [7, "day"],
    [2, "hour"],
  ]);
});

test("up to two days are told in hours", () => {
  expect(formatSpan(36 * 3600, "en")).toBe("36 hours");
  expect(formatSpan(10, "en")).toBe("1 hour");
  expect(formatSpan(72 * 3600, "de")).toBe("3 Tage");
});

test("a day of the calendar is that day wherever the reader is", () => {
  expect(formatCalendarDay("2026-01-31", "en-US")).toBe("Sat, Jan 31, 2026");
});
