import { describe, expect, it } from "vitest";
import type { ScheduleShape } from "@/api/generated/plan";
import { changedParts, changeOf, draftOf, refusalOf } from "@/features/schedule/draft";
import { isZoneMatch, timeIn, zonesWith } from "@/features/schedule/zones";

const SAVED: ScheduleShape = {
  cron: "00 02 * * MON-FRI",
  timezone: "Europe/Berlin",
  enabled: true,
  retention: { keep_daily: 7, retention_days: null },
  misfire: "run_once",
  next_runs: [],
  version: 3,
  updated_at: null,
  updated_by: null,
};

describe("a draft", () => {
  const draft = draftOf(SAVED);

  it("is unchanged at first, and would save the expression as it was spelled", () => {
    expect(changedParts(draft, SAVED)).toEqual([]);
    expect(changeOf(draft, SAVED)).toMatchObject({ cron: SAVED.cron, timezone: "Europe/Berlin" });
  });

  it("names the parts that were changed", () => {
    expect(changedParts({ ...draft, enabled: false }, SAVED)).toEqual(["schedule"]);
    expect(changedParts({ ...draft, timezone: "UTC" }, SAVED)).toEqual(["schedule"]);
    expect(changedParts({ ...draft, misfire: "skip" }, SAVED)).toEqual(["schedule"]);
    const cron = { ...draft.cron, time: "03:00" };
    const policy = { ...draft.policy, tags: ["release"] };
    expect(changedParts({ ...draft, cron, policy }, SAVED)).toEqual(["schedule", "retention"]);
  });

  it("is unchanged again when a change is taken back", () => {
    const cron = { ...draft.cron, rhythm: "own" as const, expression: "0 2 * * 1-5" };
    expect(changedParts({ ...draft, cron }, SAVED)).toEqual([]);
  });

  it("cannot be saved while the expression is not whole", () => {
    expect(changeOf({ ...draft, cron: { ...draft.cron, weekdays: [] } }, SAVED)).toBeNull();
  });

  it("is sent whole: the rules, too", () => {
    expect(changeOf(draft, SAVED)?.retention).toMatchObject({ keep_daily: 7, max_backups: null });
  });
});

describe("a refusal of the server", () => {
  it("stands at the field that it names", () => {
    const bad = "schedule: '61 2 * * *' is no cron expression: bad minute";
    expect(refusalOf(bad)).toEqual({
      field: "cron",
      message: "'61 2 * * *' is no cron expression: bad minute",
    });
    expect(refusalOf("timezone: there is no time zone 'Mars'")?.field).toBe("timezone");
    expect(refusalOf("Something else: broke")).toBeNull();
  });
});

describe("time zones", () => {
  it("are found by any part of their names, as people write them", () => {
    expect(isZoneMatch("America/New_York", "new york")).toBe(true);
    expect(isZoneMatch("America/New_York", "America/New")).toBe(true);
    expect(isZoneMatch("America/New_York", "berlin")).toBe(false);
  });

  it("have those in use, and each once", () => {
    const zones = zonesWith("Etc/GMT+3", "UTC");
    expect(zones.slice(0, 2)).toEqual(["Etc/GMT+3", "UTC"]);
    expect(new Set(zones).size).toBe(zones.length);
  });

  it("show their time of day, if the browser knows them", () => {
    const noon = new Date("2026-01-31T12:00:00Z");
    expect(timeIn("Asia/Kathmandu", noon, "de-DE")).toBe("17:45");
    expect(timeIn("Mars/Olympus", noon, "de-DE")).toBeNull();
  });
});
