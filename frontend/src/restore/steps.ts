import type { JobShape } from "@/api/generated/plan";

/** What a restore goes through, in this order; the last one alone touches live data. */
export const STEPS = ["validate", "stage", "check", "save", "replace"] as const;
export type Step = (typeof STEPS)[number];
const END = STEPS.length;
const REPLACE = STEPS.indexOf("replace");

/** How the server calls what is done within a step, once it no longer only validates. */
const NAMES: ReadonlyArray<readonly [prefix: string, step: Step]> = [
  ["Staging", "stage"],
  ["Checking", "check"],
  ["Migrating", "check"],
  ["Making a safety backup", "save"],
  ["Backing up", "save"],
  ["Replacing", "replace"],
  ["Whether it was replaced", "replace"],
];
/** From which percent on a step runs, for what goes by another name. */
const BEGINS: ReadonlyArray<readonly [percent: number, step: Step]> = [
  [90, "replace"],
  [65, "save"],
  [30, "stage"],
];

type Followed = Pick<JobShape, "status" | "progress">;

/** Which step a restore is at, or ended at: -1 while it waits, and past the last when it is done. */
export function stepOf({ status, progress }: Followed): number {
  if (status === "completed") return END;
  if (status === "pending") return -1;
  const { current_step: name, progress_percent: percent } = progress;
  const begun = BEGINS.find(([from]) => percent >= from)?.[1];
  // While the backup itself is validated, "Checking" is a part of that.
  const named = NAMES.find(([prefix]) => name.startsWith(prefix))?.[1];
  const known = named === "check" && (status === "validating" || percent < 30) ? undefined : named;
  return STEPS.indexOf(known ?? begun ?? "validate");
}

/** Whether live data may be touched from now on, so that it cannot be stopped any more. */
export function isReplacing(job: Followed): boolean {
  return stepOf(job) >= REPLACE;
}

/**
 * What a restore that did not succeed left behind.
 *
 * `untouched`: live data were never replaced. `takenBack`: some were, and were put back.
 * `open`: it was cut off in the middle, and the next command or start finishes or takes it back.
 */
export type Aftermath = "untouched" | "takenBack" | "open";

const CUT_OFF: ReadonlySet<string> = new Set(["restore-interrupted", "job-interrupted"]);

/** Return what a failed or cancelled restore left behind. */
export function aftermathOf(job: Followed & Pick<JobShape, "error">): Aftermath {
  if (!isReplacing(job)) return "untouched";
  const cutOff = job.error !== null && CUT_OFF.has(job.error.code);
  return cutOff || job.progress.current_step.startsWith("Whether") ? "open" : "takenBack";
}
