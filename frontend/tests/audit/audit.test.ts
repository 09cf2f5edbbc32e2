import { describe, expect, it } from "vitest";
import { countFilters, formatView, PLAIN, parseView, queryOf } from "@/features/audit/view";
import { ACTIONS, isKnown, particularsOf, placeOf } from "@/features/audit/words";
import { en } from "@/locales/en";

const VIEW = {
  ...PLAIN,
  actor: "anna",
  action: "backup.delete",
  object: "backup_20260131_020000",
  outcome: "refused" as const,
  from: "2026-01-30",
  to: "2026-01-31",
  limit: 100,
  cursor: "abc",
};

describe("the address of the audit", () => {
  it("brings back what was shown", () => {
    expect(parseView(formatView(VIEW))).toEqual(VIEW);
    expect(formatView(PLAIN)).toBe("");
    expect(parseView("")).toEqual(PLAIN);
  });

  it("may hold nonsense, and actions of another version", () => {
    expect(parseView("?outcome=x&from=2026-02-31&to=soon&limit=3&action=x.y")).toEqual({
      ...PLAIN,
      action: "x.y",
    });
  });

  it("asks the server for just that, in whole days of the reader", () => {
    expect(queryOf(PLAIN)).toEqual({ limit: 50 });
    expect(queryOf(VIEW)).toEqual({
      actor: "anna",
      action: "backup.delete",
      object: "backup_20260131_020000",
      outcome: "refused",
      from: new Date(2026, 0, 30).toISOString(),
      to: new Date(2026, 1, 1).toISOString(),
      cursor: "abc",
      limit: 100,
    });
    expect(queryOf({ ...PLAIN, actor: "  " })).toEqual({ limit: 50 });
  });

  it("tells how many filters there are", () => {
    expect(countFilters({ ...PLAIN, cursor: "abc", limit: 25 })).toBe(0);
    expect(countFilters(VIEW)).toBe(6);
  });
});

describe("an entry of the audit", () => {
  const entry = {
    number: 1,
    at: "2026-01-31T02:00:00Z",
    actor: null,
    action: "backup.update",
    object: "backup_20260131_020000",
    outcome: "done",
    detail: {},
    address: null,
    job_id: null,
  };

  it("has words for each action that is known", () => {
    for (const action of ACTIONS) {
      const [group = "", name = ""] = action.split(".");
      const words = en.audit.action as unknown as Record<string, Record<string, string>>;
      expect(words[group]?.[name], action).toBeTruthy();
    }
    expect(isKnown("backup.delete")).toBe(true);
    expect(isKnown("backup.frobnicate")).toBe(false);
  });

  it("leads to what it is about, if that is still there", () => {
    expect(placeOf(entry)).toBe("/backups/backup_20260131_020000");
    expect(placeOf({ ...entry, action: "job.retry", object: "a/b" })).toBe("/jobs/a%2Fb");
    expect(placeOf({ ...entry, action: "backup.delete" })).toBeNull();
    expect(placeOf({ ...entry, action: "backup.delete", outcome: "refused" })).not.toBeNull();
    expect(placeOf({ ...entry, object: "archive.zip" })).toBeNull();
    expect(placeOf({ ...entry, object: null })).toBeNull();
    expect(placeOf({ ...entry, object: null, job_id: "a" })).toBe("/jobs/a");
  });

  it("tells its particulars for people", () => {
    const detail = {
      keep: true,
      tags: ["a", "b"],
      cron: "0 3 * * *",
      retention: { keep_daily: 7 },
    };
    expect(particularsOf(detail)).toEqual([
      ["keep", "true"],
      ["tags", "a, b"],
      ["cron", "0 3 * * *"],
      ["retention", '{"keep_daily":7}'],
    ]);
  });
});
