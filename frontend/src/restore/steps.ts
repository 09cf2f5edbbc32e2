import type { JobShape } from "@/api/generated/plan";
import { isCopyJob } from "@/backup/jobs";

/** What a restore goes through, in this order; the last one alone touches live data. */
export const STEPS = ["validate", "stage", "check", "save", "replace"] as const;
/** What a copy goes through; its folder appears when the last one is done. */
export const COPY_STEPS = ["open", "write", "prove"] as const;
export type Step = (typeof STEPS)[number] | (typeof COPY_STEPS)[number];

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

const COPY_NAMES: ReadonlyArray<readonly [prefix: string, step: Step]> = [
  ["Checking the backup file", "open"],
  ["Restoring into", "write"],
];
const COPY_BEGINS: ReadonlyArray<readonly [percent: number, step: Step]> = [
  [85, "prove"],
  [20, "write"],
];

type Followed = Pick<JobShape, "kind" | "status" | "progress">;

/** The steps that a job goes through. */
export function stepsOf(job: Pick<JobShape, "kind">): readonly Step[] {
  return isCopyJob(job) ? COPY_STEPS : STEPS;
}

/** Which step a restore is at, or ended at: -1 while it waits, and past the last when it is done. */
export function stepOf(job: Followed): number {
  const steps = stepsOf(job);
  if (job.status === "completed") return steps.length;
  if (job.status === "pending") return -1;
  return steps.indexOf(isCopyJob(job) ? copyStep(job) : restoreStep(job));
}

function restoreStep({ status, progress }: Followed): Step {
  const { current_step: name, progress_percent: percent } = progress;
  const begun = BEGINS.find(([from]) => percent >= from)?.[1];
  // While the backup itself is validated, "Checking" is a part of that.
  const named = NAMES.find(([prefix]) => name.startsWith(prefix))?.[1];
  const known = named === "check" && (status === "validating" || percent < 30) ? undefined : named;
  return known ?? begun ?? "validate";
}

function copyStep({ progress: { current_step: name, progress_percent: percent } }: Followed): Step {
  const named = COPY_NAMES.find(([prefix]) => name.startsWith(prefix))?.[1];
  return named ?? COPY_BEGINS.find(([from]) => percent >= from)?.[1] ?? "open";
}

/** Whether live data may be touched from now on, so that it cannot be stopped any more. */
export function isReplacing(job: Followed): boolean {
  return !isCopyJob(job) && stepOf(job) >= STEPS.indexOf("replace");
}

/**
 * What a restore that did not succeed left behind.
 *
 * `untouched`: live data were never replaced. `takenBack`: some were, and were put back.
 * `open`: it was cut off in the middle, and the next command or start finishes or takes it back.
 * `nothing`: a copy, whose folder is not there.
 */
export type Aftermath = "untouched" | "takenBack" | "open" | "nothing";

const CUT_OFF: ReadonlySet<string> = new Set(["restore-interrupted", "job-interrupted"]);

/** Return what a failed or cancelled restore left behind. */
export function aftermathOf(job: Followed & Pick<JobShape, "error">): Aftermath {
  if (isCopyJob(job)) return "nothing";
  if (!isReplacing(job)) return "untouched";
  const cutOff = job.error !== null && CUT_OFF.has(job.error.code);
  return cutOff || job.progress.current_step.startsWith("Whether") ? "open" : "takenBack";
}
