import { describe, expect, it } from "vitest";
import type { JobErrorShape, JobKind, JobShape, JobStatus } from "@/api/generated/plan";
import { aftermathOf, COPY_STEPS, isReplacing, STEPS, stepOf, stepsOf } from "@/restore/steps";

function job(status: JobStatus, step = "", percent = 0, error: JobErrorShape | null = null) {
  const progress = {
    current_step: step,
    progress_percent: percent,
    total_tables: 0,
    completed_tables: 0,
    done_bytes: 0,
    total_bytes: null,
  } satisfies JobShape["progress"];
  return { kind: "restore" as JobKind, status, progress, error };
}
const copy = (...given: Parameters<typeof job>) => ({ ...job(...given), kind: "copy" as const });
const nameOf = (...given: Parameters<typeof job>) => STEPS[stepOf(job(...given))];
const error = (code: string): JobErrorShape => ({ code, message: "It failed", hint: null });

describe("the step that a restore is at", () => {
  it("is none while it waits, and past the last when it is done", () => {
    expect(stepOf(job("pending"))).toBe(-1);
    expect(stepOf(job("completed", "Replacing app", 100))).toBe(STEPS.length);
  });

  it("is told by what the server does", () => {
    expect(nameOf("validating", "Verifying", 12)).toBe("validate");
    expect(nameOf("restoring", "Staging app", 30)).toBe("stage");
    expect(nameOf("restoring", "Checking", 47)).toBe("check");
    expect(nameOf("restoring", "Migrating the restored database", 50)).toBe("check");
    expect(nameOf("restoring", "Making a safety backup", 65)).toBe("save");
    expect(nameOf("restoring", "Backing up database/app.db", 75)).toBe("save");
    expect(nameOf("restoring", "Replacing app", 90)).toBe("replace");
  });

  it("is not the check of what is staged while the backup itself is checked", () => {
    expect(nameOf("validating", "Checking database/app.db", 10)).toBe("validate");
  });

  it("is told by the percent where the server does something of another name", () => {
    expect(nameOf("restoring", "Loading table orders", 41)).toBe("stage");
    expect(nameOf("restoring", "Finding what is used", 88)).toBe("save");
  });
});

describe("the step that a copy is at", () => {
  const at = (...given: Parameters<typeof job>) => COPY_STEPS[stepOf(copy(...given))];

  it("is one of its own steps: no safety backup, and nothing that is replaced", () => {
    expect(stepsOf({ kind: "copy" })).toEqual(["open", "write", "prove"]);
    expect(stepOf(copy("pending"))).toBe(-1);
    expect(stepOf(copy("completed", "Checking database/app.db", 100))).toBe(COPY_STEPS.length);
  });

  it("is told by what the server does, or by the percent where that has another name", () => {
    expect(at("running", "", 0)).toBe("open");
    expect(at("running", "Checking the backup file", 20)).toBe("open");
    expect(at("running", "Restoring into backup_20260131_020000", 20)).toBe("write");
    expect(at("running", "Waiting for the repository", 40)).toBe("write");
    expect(at("running", "Checking database/app.db", 85)).toBe("prove");
  });

  it("is never one that cannot be stopped, and one that failed leaves nothing behind", () => {
    expect(isReplacing(copy("running", "Checking database/app.db", 99))).toBe(false);
    const failed = copy("failed", "Restoring into x", 95, error("job-interrupted"));
    expect(aftermathOf(failed)).toBe("nothing");
  });
});

describe("what a restore that did not succeed left behind", () => {
  it("is nothing, if nothing live was replaced yet", () => {
    expect(aftermathOf(job("failed", "Verifying", 12, error("verification-failed")))).toBe(
      "untouched",
    );
    expect(aftermathOf(job("cancelled", "Backing up app", 80))).toBe("untouched");
    expect(aftermathOf(job("failed", "Staging app", 40, error("job-interrupted")))).toBe(
      "untouched",
    );
  });

  it("was put back, if it failed in the middle", () => {
    expect(aftermathOf(job("failed", "Replacing app", 95, error("target-in-use")))).toBe(
      "takenBack",
    );
  });

  it("is open, if it was cut off in the middle", () => {
    for (const code of ["job-interrupted", "restore-interrupted"]) {
      expect(aftermathOf(job("failed", "Replacing app", 95, error(code)))).toBe("open");
    }
    const told = job("failed", "Whether it was replaced is told by a recovery", 95, error("x"));
    expect(aftermathOf(told)).toBe("open");
  });
});

it("can be stopped until live data are replaced", () => {
  expect(isReplacing(job("restoring", "Backing up app", 89))).toBe(false);
  expect(isReplacing(job("restoring", "Replacing app", 90))).toBe(true);
});
