import { describe, expect, it } from "vitest";
import type { JobKind } from "@/api/generated/plan";
import { copyFolder } from "@/backup/jobs";
import { checksOf, problemsOf, removedOf, sayingsOf, tablesOf } from "@/features/jobs/result";
import { job } from "./job";

const keysOf = (kind: JobKind, result: object, items_restored = {}) =>
  sayingsOf(job({ kind, result: result as Record<string, unknown>, items_restored })).map(
    ({ key }) => key,
  );

describe("what came of a job", () => {
  it("is what a backup holds, and what went for it", () => {
    const result = {
      original_size: 1_477_668,
      stored_size: 86_291,
      total_records: 18_449,
      total_files: 1,
      verified: true,
      only: ["settings"],
      removed: ["backup_1", "backup_2"],
    };
    expect(sayingsOf(job({ result }))).toEqual([
      { key: "made", bytes: 1_477_668, stored: 86_291 },
      { key: "records", count: 18_449 },
      { key: "files", count: 1 },
      { key: "only", sources: "settings" },
      { key: "verifiedToo" },
      { key: "removedAfter", count: 2 },
    ]);
  });

  it("is whether all checks passed that were made", () => {
    const checks = [
      { name: "checksum", passed: true, detail: "", skipped: false },
      { name: "restore", passed: true, detail: "", skipped: true },
    ];
    expect(sayingsOf(job({ kind: "verify", result: { checks } }))).toEqual([
      { key: "proven", count: 1 },
    ]);
    const failed = { ...checks[0], name: "foreign keys", passed: false };
    const result = { checks: [...checks, failed], missing_files: ["a.png"] };
    expect(sayingsOf(job({ kind: "drill", result }))).toEqual([
      { key: "disproven", count: 1 },
      { key: "missingFiles", count: 1 },
    ]);
  });

  it("is which rows and files are back", () => {
    const result = { restored_files: 49, restored_bytes: 1_403_547 };
    const items = { "files/thumbnails": 47, "settings.json": 5, Album: 347, Track: 3 };
    expect(sayingsOf(job({ kind: "undo", result, items_restored: items }))).toEqual([
      { key: "restoredFiles", count: 49, bytes: 1_403_547 },
      { key: "restoredRows", count: 350, tables: 2 },
    ]);
  });

  it("is what a copy holds", () => {
    const result = { into: "/srv/copy", restored_files: 53, restored_bytes: 1_403_547 };
    const items = { "files/thumbnails": 47, Album: 347, Track: 3 };
    expect(sayingsOf(job({ kind: "copy", result, items_restored: items }))).toEqual([
      { key: "copiedFiles", count: 53, bytes: 1_403_547 },
      { key: "copiedRows", count: 350, tables: 2 },
    ]);
  });

  it("is what a cleanup removed, or would remove", () => {
    expect(keysOf("cleanup", { removed: ["a"], freed_bytes: 5 })).toEqual(["removed", "freed"]);
    expect(keysOf("cleanup", { removed: [], freed_bytes: 0 })).toEqual(["removedNone"]);
    expect(keysOf("cleanup", { would_remove: [{ backup_id: "a" }] })).toEqual(["wouldRemove"]);
  });

  it("is whether the repository is sound", () => {
    expect(keysOf("check", { passed: true, read_data: true })).toEqual(["sound", "readAll"]);
    const bad = { passed: false, read_data: false, problem_count: 30, problems: ["a"] };
    expect(sayingsOf(job({ kind: "check", result: bad }))).toEqual([
      { key: "unsound", count: 30 },
      { key: "readStructure" },
    ]);
  });

  it("is what a prune freed", () => {
    expect(keysOf("prune", { freed_bytes: 0 })).toEqual(["freedNone"]);
    expect(keysOf("prune", { freed_bytes: 1 })).toEqual(["freed"]);
  });

  it.each([
    "backup",
    "import",
    "verify",
    "drill",
    "restore",
    "restore_archive",
    "undo",
    "copy",
    "cleanup",
    "check",
    "prune",
  ] as const)("is nothing where a %s came to nothing", (kind) => {
    expect(keysOf(kind, {})).toEqual([]);
    expect(keysOf(kind, { checks: "?", original_size: null, removed: 3, passed: 1 })).toEqual([]);
  });
});

describe("the particulars of a result", () => {
  it("are the folder that a copy made, and of no other job", () => {
    const result = { into: "/srv/copy" };
    expect(copyFolder({ kind: "copy", result })).toBe("/srv/copy");
    expect(copyFolder({ kind: "restore", result })).toBeNull();
    expect(copyFolder({ kind: "copy", result: {} })).toBeNull();
  });

  it("are read, and what is unknown is passed over", () => {
    expect(removedOf({ removed: ["a", 1] })).toEqual(["a"]);
    expect(removedOf({ would_remove: [{ backup_id: "b" }, null, {}] })).toEqual(["b"]);
    expect(problemsOf({ problems: ["p"], missing_files: ["f"] })).toEqual(["p", "f"]);
    expect(tablesOf({ table_counts: { Album: 3, odd: "x" } })).toEqual({ Album: 3 });
    expect(tablesOf({ table_counts: null })).toEqual({});
    expect(checksOf({ checks: [null, "x", { name: "a", passed: true }] })).toHaveLength(1);
  });
});
