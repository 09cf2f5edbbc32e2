import { describe, expect, it } from "vitest";
import { Problem } from "@/api/problem";
import { doEach, type Report } from "@/features/backups/batch";

describe("several at once", () => {
  it("are done one after another", async () => {
    let atWork = 0;
    let most = 0;
    const work = async () => {
      atWork += 1;
      most = Math.max(most, atWork);
      await Promise.resolve();
      atWork -= 1;
    };
    await doEach(["a", "b", "c"], work, () => undefined);
    expect(most).toBe(1);
  });

  it("have each its own outcome, and one that fails holds up no other", async () => {
    const refusal = new Problem({ status: 409, detail: "kept" });
    const work = (id: string) =>
      id === "b" ? Promise.reject(refusal) : Promise.resolve(`job of ${id}`);
    const report = await doEach(["a", "b", "c"], work, () => undefined);
    expect([...report]).toEqual([
      ["a", { state: "done", result: "job of a" }],
      ["b", { state: "failed", error: refusal }],
      ["c", { state: "done", result: "job of c" }],
    ]);
  });

  it.each([
    ["the password was not given", { status: 403, code: "step-up-required" }],
    ["nobody is logged in any more", { status: 401 }],
    ["there is no answer", { status: 0 }],
  ])("are left as they are where %s", async (_, problem) => {
    const refusal = new Problem({ ...problem, detail: "no" });
    const asked: string[] = [];
    const work = async (id: string) => {
      asked.push(id);
      if (id === "b") throw refusal;
    };
    const report = await doEach(["a", "b", "c", "d"], work, () => undefined);
    expect(asked).toEqual(["a", "b"]);
    expect([...report.values()].map(({ state }) => state)).toEqual([
      "done",
      "failed",
      "left",
      "left",
    ]);
  });

  it("tell of every step, of the first with the others waiting", async () => {
    const told: Report<string>[] = [];
    await doEach(
      ["a", "b"],
      (id) => Promise.resolve(id),
      (report) => told.push(report),
    );
    expect(told.map((report) => [...report.values()].map(({ state }) => state))).toEqual([
      ["working", "waiting"],
      ["done", "waiting"],
      ["done", "working"],
      ["done", "done"],
    ]);
  });
});
