import { describe, expect, it } from "vitest";
import { isGood, planDeletion } from "@/features/backups/deletion";
import { backupOf } from "./backup";

describe("a good backup", () => {
  it("is one that a restore of the whole plan can rely on", () => {
    expect(isGood(backupOf(1))).toBe(true);
    expect(isGood(backupOf(1, { status: "verified", verified: true }))).toBe(true);
  });

  it.each([
    { status: "partial" as const },
    { status: "failed" as const },
    { disproven: true },
    { damaged: true },
    { only: ["app"] },
    { type: "pre_restore" as const },
  ])("is not one with %o", (fault) => {
    expect(isGood(backupOf(1, fault))).toBe(false);
  });
});

describe("the plan of a deletion", () => {
  const first = backupOf(1, { status: "verified", verified: true });
  const second = backupOf(2, { stored_size_bytes: 30 });
  const partial = backupOf(3, { status: "partial" });
  const kept = backupOf(4, { keep: true });

  it("says which stay because they are kept", () => {
    const { goes, stays } = planDeletion([second, kept], [first, second, kept]);
    expect(goes).toEqual([second]);
    expect(stays).toEqual([kept]);
  });

  it("warns of the newest good one, and names the one that takes its place", () => {
    const plan = planDeletion([second], [partial, second, first]);
    expect(plan.newestGood).toBe(second);
    expect(plan.nextGood).toBe(first);
    expect(plan).toMatchObject({ left: 2, goodLeft: 1, bytes: 30 });
  });

  it("finds the newest by its time, in whatever order the list is", () => {
    expect(planDeletion([first], [first, second]).newestGood).toBeNull();
    expect(planDeletion([second], [first, second]).newestGood).toBe(second);
  });

  it("warns when the last proven one goes", () => {
    expect(planDeletion([first], [first, second]).lastProven).toBe(true);
    expect(planDeletion([second], [first, second]).lastProven).toBe(false);
    const other = backupOf(5, { verified: true });
    expect(planDeletion([first], [first, other]).lastProven).toBe(false);
  });

  it("does not mourn a proven one where there never was one", () => {
    expect(planDeletion([second], [second, kept]).lastProven).toBe(false);
  });

  it("does not take a kept one for lost", () => {
    const plan = planDeletion([kept], [kept, second]);
    expect(plan).toMatchObject({ goes: [], left: 2, newestGood: null });
  });

  it("says when nothing good is left", () => {
    const plan = planDeletion([first, second], [first, second, partial]);
    expect(plan).toMatchObject({ left: 1, goodLeft: 0, nextGood: null });
  });
});
