import { describe, expect, it } from "vitest";
import { type JobEvent, jobEventOf, linesOf } from "@/features/jobs/log";
import { job } from "./job";

let number = 0;
function event(kind: JobEvent["kind"], told: ReturnType<typeof job> | string): JobEvent {
  number += 1;
  const warning = typeof told === "string" ? told : null;
  return { number, kind, at: `at ${number}`, job: typeof told === "string" ? null : told, warning };
}

describe("an event of a job", () => {
  it("is read", () => {
    const data = JSON.stringify({ at: "2026-01-31T02:00:00Z", job: job({ status: "pending" }) });
    const read = jobEventOf({ id: "17", event: "status", data });
    expect(read).toMatchObject({ number: 17, kind: "status", at: "2026-01-31T02:00:00Z" });
    expect(read?.job?.status).toBe("pending");
  });

  it("may be a warning", () => {
    const data = JSON.stringify({ at: "x", warning: "a table is locked" });
    const read = jobEventOf({ id: "1", event: "warning", data });
    expect(read).toMatchObject({ job: null, warning: "a table is locked" });
  });

  it.each([
    ["of a kind that is not known", { id: "1", event: "message", data: '{"at":"x","job":{}}' }],
    ["that is no JSON", { id: "1", event: "status", data: "{" }],
    ["that is no object", { id: "1", event: "status", data: "null" }],
    ["without an instant", { id: "1", event: "status", data: '{"job":{}}' }],
    ["without anything told", { id: "1", event: "status", data: '{"at":"x"}' }],
  ])("%s is passed over", (_, given) => {
    expect(jobEventOf(given)).toBeNull();
  });
});

describe("the log of a job", () => {
  it("has each step and each status once", () => {
    const lines = linesOf([
      event("status", job({ status: "pending" })),
      event("status", job({ status: "running" })),
      event("progress", job({ step: "Reading app.db", percent: 10 })),
      event("progress", job({ step: "Reading app.db", percent: 40 })),
      event("progress", job({ step: "Writing", percent: 80 })),
      event("finished", job({ status: "completed", step: "Writing", percent: 100 })),
    ]);
    const words = lines.map((each) =>
      "step" in each ? each.step : "status" in each && each.status,
    );
    expect(words).toEqual(["pending", "running", "Reading app.db", "Writing", "completed"]);
  });

  it("has the step that is told with a change of status before it", () => {
    const lines = linesOf([
      event("status", job({ status: "validating" })),
      event("status", job({ status: "restoring", step: "Verifying" })),
      event("finished", job({ status: "failed", step: "Replacing" })),
    ]);
    const words = lines.map((each) =>
      "step" in each ? each.step : "status" in each && each.status,
    );
    expect(words).toEqual(["validating", "Verifying", "restoring", "Replacing", "failed"]);
  });

  it("has a step twice that comes back after another", () => {
    const steps = ["a", "b", "a"].map((step) => event("progress", job({ step })));
    expect(linesOf(steps).filter((each) => each.kind === "step")).toHaveLength(3);
  });

  it("has warnings where they came, without ending the step", () => {
    const lines = linesOf([
      event("progress", job({ step: "a" })),
      event("warning", "look out"),
      event("progress", job({ step: "a" })),
    ]);
    expect(lines.map((each) => each.kind)).toEqual(["step", "status", "warning"]);
  });
});
