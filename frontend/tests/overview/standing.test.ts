import { expect, test } from "vitest";
import type { FindingCode, FindingShape } from "@/api/generated/plan";
import { fixOf, freshnessOf, toneOf } from "@/features/overview/standing";

function finding(code: FindingCode, changed: Partial<FindingShape> = {}): FindingShape {
  const about = { backup_id: null, job_id: null, job_kind: null, detail: null };
  return { code, message: "", ...about, ...changed };
}

const ABOUT = { backup_id: "backup_1", job_id: null };

test.each<[FindingShape, ReturnType<typeof fixOf>]>([
  [finding("no-backup"), { by: "back-up" }],
  [finding("too-old", ABOUT), { by: "back-up" }],
  [finding("disproven", ABOUT), { by: "back-up" }],
  [finding("not-verified", ABOUT), { by: "verify", backupId: "backup_1" }],
  [finding("partial", ABOUT), { by: "look-at-backup", backupId: "backup_1" }],
  [finding("damaged", ABOUT), { by: "look-at-backup", backupId: "backup_1" }],
  [finding("job-failed", { ...ABOUT, job_id: "7" }), { by: "look-at-job", jobId: "7" }],
  [finding("job-stalled", { job_id: "7" }), { by: "look-at-job", jobId: "7" }],
  [finding("repository-damaged"), { by: "look-at-repository" }],
  [finding("schedule-off"), { by: "schedule-on" }],
])("each thing that is wrong has what mends it: $code", (wrong, fix) => {
  expect(fixOf(wrong)).toEqual(fix);
});

test("nothing was tried yet only where nothing failed either", () => {
  const none = { status: "failing" as const, findings: [finding("no-backup")] };
  expect(toneOf(none, { total_backups: 0, failed_backups: 0 })).toBe("new");
  expect(toneOf(none, { total_backups: 0, failed_backups: 1 })).toBe("failing");
  expect(toneOf(none, { total_backups: 1, failed_backups: 0 })).toBe("failing");
  expect(toneOf(none, undefined)).toBe("failing");
  expect(toneOf({ status: "ok", findings: [] }, undefined)).toBe("ok");
});

test("the proof that is told is that of the newest backup, or said to be of an older one", () => {
  const told = (last_success_id: string | null, last_verified_id: string | null) =>
    freshnessOf({ last_success_id, last_verified_id });
  expect(told(null, null)).toBe("none");
  expect(told("b", null)).toBe("unproven");
  expect(told("b", "b")).toBe("proven");
  expect(told("b", "a")).toBe("olderProven");
});
