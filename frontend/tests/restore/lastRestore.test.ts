import { describe, expect, it } from "vitest";
import type { JobKind, JobShape, JobStatus } from "@/api/generated/plan";
import { activeRestore, lastRestore } from "@/restore/lastRestore";

const at = (hour: number) => `2026-01-01T${String(hour).padStart(2, "0")}:00:00Z`;
const job = (
  kind: JobKind,
  status: JobStatus,
  from: number,
  safety: string | null = null,
): JobShape =>
  ({
    id: `${kind}-${from}`,
    kind,
    status,
    created_at: at(from),
    started_at: at(from),
    completed_at: status === "restoring" ? null : at(from + 2),
    result: safety === null ? {} : { safety_backup_id: safety },
  }) as unknown as JobShape;
const saved = (id: string, hour: number) => ({ id, created_at: at(hour) });

describe("the last restore", () => {
  it("can be undone, if it made a safety backup", () => {
    const jobs = [job("restore", "completed", 8, "s8"), job("restore", "completed", 1, "s1")];
    expect(lastRestore(jobs, [saved("s8", 9)])?.safetyBackupId).toBe("s8");
  });

  it("cannot, if it made none, whatever those before it made", () => {
    const jobs = [job("restore", "completed", 8), job("restore", "completed", 1, "s1")];
    expect(lastRestore(jobs, [saved("s1", 2)])).toBe(null);
  });

  it("may have been by the command line, which has no job", () => {
    const jobs = [job("restore", "completed", 1, "s1")];
    expect(lastRestore(jobs, [saved("s9", 9)])).toMatchObject({ safetyBackupId: "s9", job: null });
    expect(lastRestore([], [saved("s9", 9)])?.safetyBackupId).toBe("s9");
  });

  it("is not one that failed after it had made its safety backup", () => {
    const jobs = [job("undo", "failed", 8), job("restore_archive", "completed", 1, "s1")];
    expect(lastRestore(jobs, [saved("s9", 9)])?.safetyBackupId).toBe("s1");
  });

  it("is none where nothing was restored", () => {
    expect(lastRestore([], [])).toBe(null);
    expect(lastRestore([job("backup", "completed", 1)], [])).toBe(null);
    expect(lastRestore([job("copy", "completed", 1, "s1")], [])).toBe(null);
  });
});

it("finds the restore that is under way, whatever it is of", () => {
  const running = job("undo", "restoring", 8);
  expect(activeRestore([job("backup", "running", 9), running])).toBe(running);
  expect(activeRestore([job("restore", "completed", 8)])).toBe(undefined);
  expect(activeRestore([job("copy", "running", 9)]), "it replaces nothing").toBe(undefined);
});
