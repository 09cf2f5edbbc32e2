import { expect, test } from "vitest";
import { coverageOf, type Day, firstDayFor, goneOf, weeksOf } from "@/features/overview/calendar";
import { dayAfterKey } from "@/features/overview/moving";
import type { Run } from "@/features/overview/runs";
import { dayIn } from "@/format/zones";
import { run } from "./run";

// A Wednesday.
const NOW = new Date("2026-01-14T12:00:00Z");

function daysOf(runs: Run[], changed: Partial<Parameters<typeof weeksOf>[1]> = {}): Day[] {
  const since = "2026-01-01T00:00:00Z";
  return weeksOf(runs, {
    now: NOW,
    timeZone: "UTC",
    weeks: 3,
    firstDay: 1,
    since,
    ...changed,
  }).flat();
}

function day(days: Day[], date: string): Day | undefined {
  return days.find((each) => each.date === date);
}

test("the weeks begin where the reader's do, and the last one holds today", () => {
  expect(daysOf([])[0]?.date).toBe("2025-12-29");
  expect(daysOf([], { firstDay: 7 })[0]?.date).toBe("2025-12-28");
  expect(daysOf([], { firstDay: 3 })[0]?.date).toBe("2025-12-31");
  expect(daysOf([]).filter(({ today }) => today)).toEqual([day(daysOf([]), "2026-01-14")]);
  expect(daysOf([])).toHaveLength(21);
});

test("a day is as good as its best backup", () => {
  const days = daysOf([
    run("2026-01-05T02:00:00Z", { status: "failed" }),
    run("2026-01-05T09:00:00Z"),
    run("2026-01-06T02:00:00Z"),
    run("2026-01-06T09:00:00Z", { verified: true, status: "verified" }),
    run("2026-01-07T02:00:00Z", { status: "failed" }),
  ]);
  expect(day(days, "2026-01-05")).toMatchObject({ state: "covered", good: 1, flawed: 1 });
  expect(day(days, "2026-01-06")).toMatchObject({ state: "proven", good: 2, proven: 1 });
  expect(day(days, "2026-01-07")).toMatchObject({ state: "failed", good: 0, flawed: 1 });
  expect(day(days, "2026-01-08")?.state).toBe("none");
  expect(day(days, "2025-12-31")?.state).toBe("before");
  expect(day(days, "2026-01-15")?.state).toBe("ahead");
});

test.each<[string, Partial<Run>]>([
  ["failed", { status: "partial" }],
  ["failed", { disproven: true }],
  ["failed", { damaged: true }],
  ["none", { type: "pre_restore" }],
  ["none", { only: ["app"] }],
  ["none", { status: "running" }],
  ["none", { status: "cancelled" }],
])("a day is %s with only a backup such as %o", (state, changed) => {
  expect(day(daysOf([run("2026-01-08T02:00:00Z", changed)]), "2026-01-08")?.state).toBe(state);
});

test("the days are those of the plan's time zone", () => {
  const late = [run("2026-01-08T23:30:00Z")];
  expect(day(daysOf(late, { timeZone: "Europe/Berlin" }), "2026-01-09")?.state).toBe("covered");
  expect(day(daysOf(late, { timeZone: "America/New_York" }), "2026-01-08")?.state).toBe("covered");
  expect(dayIn("Asia/Tokyo")(new Date("2026-01-31T20:00:00Z"))).toBe("2026-02-01");
});

test("weeks have seven days where a clock is changed", () => {
  const now = new Date("2026-03-30T12:00:00Z");
  const dates = daysOf([], { now, timeZone: "Europe/Berlin" }).map(({ date }) => date);
  expect(dates).toContain("2026-03-29");
  expect(new Set(dates).size).toBe(21);
});

test("coverage counts from the first backup to today", () => {
  const runs = [run("2026-01-12T02:00:00Z"), run("2026-01-14T02:00:00Z")];
  const options = { now: NOW, timeZone: "UTC", weeks: 3, firstDay: 1 };
  expect(coverageOf(weeksOf(runs, { ...options, since: runs[0]?.created_at }))).toEqual({
    covered: 2,
    days: 3,
  });
});

test("a week begins on Sunday in the United States, on Monday in Germany", () => {
  expect([firstDayFor("en-US"), firstDayFor("de-DE")]).toEqual([7, 1]);
});

test("arrows move by days and weeks, and stay within", () => {
  const moved = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "a"];
  expect(moved.map((key) => dayAfterKey(key, 10, 21))).toEqual([9, 11, 3, 17, 0, 20, undefined]);
  expect(dayAfterKey("ArrowLeft", 3, 21)).toBeUndefined();
  expect(dayAfterKey("ArrowDown", 20, 21)).toBeUndefined();
});

test("a day whose backups retention removed did not fail", () => {
  const kept = run("2026-01-10T02:00:00Z");
  const job = (at: string, backup_id: string | null) => ({
    backup_id,
    started_at: at,
    created_at: at,
  });
  const jobs = [
    job("2026-01-10T02:00:00Z", kept.id),
    job("2026-01-09T02:00:00Z", "removed"),
    job("2026-01-05T02:00:00Z", null),
  ];
  const gone = goneOf(jobs, [kept]);
  expect(gone).toEqual(["2026-01-09T02:00:00Z", "2026-01-05T02:00:00Z"]);
  const failed = run("2026-01-09T01:00:00Z", { status: "failed" });
  const days = daysOf([kept, failed], { since: kept.created_at, gone });
  expect(day(days, "2026-01-10")).toMatchObject({ state: "covered", gone: 0 });
  expect(day(days, "2026-01-09")).toMatchObject({ state: "gone", gone: 1, flawed: 1 });
  expect(day(days, "2026-01-06")?.state).toBe("none");
  expect(day(days, "2026-01-05")?.state).toBe("gone");
  expect(day(days, "2026-01-04")?.state).toBe("before");
});

test("where not all runs are loaded, nothing older is said to be gone", () => {
  const at = "2026-01-09T02:00:00Z";
  const jobs = [{ backup_id: "not loaded", started_at: null, created_at: at }];
  expect(goneOf(jobs, [], "2026-01-10T00:00:00Z")).toEqual([]);
  expect(goneOf(jobs, [])).toEqual([at]);
});

test("today is not missed before its run is due", () => {
  const today = (changed: object, runs: Run[] = []) => day(daysOf(runs, changed), "2026-01-14");
  expect(today({ nextRun: "2026-01-14T22:00:00Z" })?.state).toBe("ahead");
  expect(today({ nextRun: "2026-01-15T02:00:00Z" })?.state).toBe("none");
  expect(today({}, [run("2026-01-14T02:00:00Z", { status: "running" })])?.state).toBe("ahead");
});
