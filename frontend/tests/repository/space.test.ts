import { describe, expect, it } from "vitest";
import { freesNothing } from "@/features/repository/prune";
import { spaceOf } from "@/features/repository/space";

describe("the room for backups", () => {
  it("is what they occupy and what is free", () => {
    expect(spaceOf(25, 75)).toEqual({ share: 0.25, room: 100, level: "good" });
  });

  it("is not known where the medium does not tell", () => {
    expect(spaceOf(25, null)).toBeNull();
  });

  it.each([
    [10, "good"],
    [9, "low"],
    [0, "full"],
  ])("of which %i in a hundred are free is %s", (free, level) => {
    expect(spaceOf(100 - free, free)?.level).toBe(level);
  });

  it.each([
    [100, "good"],
    [99, "low"],
    [51, "low"],
    [50, "full"],
  ])("of which %i are free is %s for backups of 50", (free, level) => {
    expect(spaceOf(10, free, 50)?.level).toBe(level);
  });

  it("is full where there is none at all", () => {
    expect(spaceOf(0, 0)).toEqual({ share: 1, room: 0, level: "full" });
  });
});

describe("a prune", () => {
  const nothing = {
    dry_run: true,
    would_free_bytes: 0,
    would_repack_bytes: 0,
    total_bytes: 5,
    unused_bytes_kept: 3,
    packs_kept: 2,
    packs_repacked: 0,
    packs_removed: 0,
    packs_unreferenced: 0,
  };

  it("frees nothing where all packs stay", () => {
    expect(freesNothing(nothing)).toBe(true);
  });

  it.each(["would_free_bytes", "packs_repacked", "packs_removed", "packs_unreferenced"] as const)(
    "frees something by its %s",
    (name) => expect(freesNothing({ ...nothing, [name]: 1 })).toBe(false),
  );
});
