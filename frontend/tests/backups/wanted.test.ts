import { describe, expect, it } from "vitest";
import type { PlanShape } from "@/api/generated/plan";
import { newBackupOf, wantedOf } from "@/features/backups/wanted";

const PLAN = {
  compression: true,
  compression_level: 3,
  verify_after_create: true,
  sources: [
    { name: "app", root: "database/app.db", kind: "sqlite", location: null },
    { name: "files", root: "files/files", kind: "directory", location: null },
  ],
} as unknown as PlanShape;

describe("a backup that is asked for", () => {
  it("is, unless something is changed, what the schedule would make", () => {
    expect(newBackupOf(wantedOf(PLAN), PLAN)).toEqual({
      description: null,
      tags: [],
      sources: [],
      compression: true,
      compression_level: 3,
      verify: true,
    });
  });

  it("names its sources only where others are left out", () => {
    const some = { ...wantedOf(PLAN), sources: ["files"] };
    expect(newBackupOf(some, PLAN).sources).toEqual(["files"]);
    const turned = { ...wantedOf(PLAN), sources: ["files", "app"] };
    expect(newBackupOf(turned, PLAN).sources).toEqual([]);
  });

  it("has no level where it is not compressed", () => {
    const plain = { ...wantedOf(PLAN), compression: false };
    expect(newBackupOf(plain, PLAN)).toMatchObject({ compression: false, compression_level: null });
  });
});
