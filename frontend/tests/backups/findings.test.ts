import { describe, expect, it } from "vitest";
import { checksOf, eventsOf } from "@/features/backups/findings";

describe("the checks of a job", () => {
  it("are those of its result", () => {
    const check = { name: "files", passed: true, detail: "45 files", skipped: false };
    expect(checksOf({ result: { checks: [check] } })).toEqual([check]);
  });

  it("are none where it came to no result", () => {
    expect(checksOf({ result: {} })).toEqual([]);
    expect(checksOf({ result: { checks: [null, "x", { name: "y" }] } })).toEqual([]);
  });
});

describe("the events of a job", () => {
  const at = "2026-01-31T02:00:00Z";
  const event = (id: number, kind: string, data: object) =>
    `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify({ at, ...data })}\n\n`;

  it("are read from the stream, with the step or the warning", () => {
    const stream =
      "retry: 2000\n\n" +
      event(1, "progress", { job: { progress: { current_step: "Reading a: b" } } }) +
      event(2, "warning", { warning: "A file vanished" });
    expect(eventsOf(stream)).toEqual([
      { number: "1", at, event: "progress", status: null, text: "Reading a: b" },
      { number: "2", at, event: "warning", status: null, text: "A file vanished" },
    ]);
  });

  it("are those that came whole, where the stream broke", () => {
    const stream = `${event(1, "status", { job: {} })}id: 2\nevent: finished\ndata: {"at":`;
    expect(eventsOf(stream).map((each) => each.number)).toEqual(["1"]);
  });
});
