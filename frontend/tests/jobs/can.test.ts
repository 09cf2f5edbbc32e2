import { describe, expect, it } from "vitest";
import { canCancel, canRetry, retriedBy, secondsOf } from "@/features/jobs/can";
import { permissionFor } from "@/parts/access";

describe("what can be done with a job", () => {
  it("needs what it takes to start it", () => {
    expect(permissionFor({ kind: "verify" })).toBe("run");
    expect(permissionFor({ kind: "check" })).toBe("run");
    expect(permissionFor({ kind: "prune" })).toBe("administer");
    expect(permissionFor({ kind: "cleanup" })).toBe("administer");
    expect(permissionFor({ kind: "undo" })).toBe("restore");
    expect(permissionFor({ kind: "import" })).toBe("restore");
    expect(permissionFor({ kind: "copy" })).toBe("restore");
  });

  it("is to cancel it until it has ended", () => {
    expect(canCancel({ status: "restoring" })).toBe(true);
    expect(canCancel({ status: "cancelled" })).toBe(false);
  });

  it("is to try it again if it failed, but a restore is asked for anew", () => {
    expect(canRetry({ kind: "backup", status: "failed" })).toBe(true);
    expect(canRetry({ kind: "prune", status: "cancelled" })).toBe(true);
    expect(canRetry({ kind: "copy", status: "failed" })).toBe(true);
    expect(canRetry({ kind: "restore_archive", status: "failed" })).toBe("anew");
    expect(canRetry({ kind: "restore", status: "completed" })).toBe(false);
    expect(canRetry({ kind: "backup", status: "running" })).toBe(false);
  });
});

describe("how long a job took", () => {
  const now = new Date("2026-01-31T02:01:00Z");
  const started_at = "2026-01-31T02:00:00Z";

  it("is counted until now while it runs", () => {
    expect(secondsOf({ started_at, completed_at: null }, now)).toBe(60);
    expect(secondsOf({ started_at, completed_at: "2026-01-31T02:00:01.5Z" }, now)).toBe(1.5);
  });

  it("is never less than nothing, and unknown before it begins", () => {
    expect(secondsOf({ started_at, completed_at: null }, new Date(0))).toBe(0);
    expect(secondsOf({ started_at: null, completed_at: null }, now)).toBeNull();
  });
});

it("the job that tries another again is found among those that are known", () => {
  const jobs = [
    { id: "c", retry_of: "b" },
    { id: "b", retry_of: "a" },
    { id: "a", retry_of: null },
  ];
  expect(retriedBy(jobs, "a")).toBe("b");
  expect(retriedBy(jobs, "c")).toBeNull();
});
