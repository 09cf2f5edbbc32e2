import type { ServerEvent } from "@/api/eventStream";
import type { JobShape, JobStatus } from "@/api/generated/plan";

/** One thing that happened to a job, as the server tells it. */
export interface JobEvent {
  number: number;
  kind: "status" | "progress" | "warning" | "finished";
  at: string;
  /** The job as it was then; null with a warning. */
  job: JobShape | null;
  warning: string | null;
}

const KINDS: ReadonlySet<string> = new Set(["status", "progress", "warning", "finished"]);

/** Read an event of a job; null for one that a newer server may send. */
export function jobEventOf({ id, event, data }: ServerEvent): JobEvent | null {
  if (!KINDS.has(event)) return null;
  try {
    const { at, job = null, warning = null } = JSON.parse(data) as Partial<JobEvent>;
    if (typeof at !== "string" || (job === null && warning === null)) return null;
    return { number: Number(id), kind: event as JobEvent["kind"], at, job, warning };
  } catch {
    return null;
  }
}

/** A line of the log: how the job stands from then on, what it does, or what it warns of. */
export type LogLine = { number: number; at: string } & (
  | { kind: "status"; status: JobStatus }
  | { kind: "step"; step: string }
  | { kind: "warning"; text: string }
);

/** Return the lines of a log: of each step one, however often its progress was told. */
export function linesOf(events: readonly JobEvent[]): LogLine[] {
  const lines: LogLine[] = [];
  for (const { number, at, job, warning } of events) {
    if (warning !== null) lines.push({ number, at, kind: "warning", text: warning });
    if (job === null) continue;
    const { current_step: step } = job.progress;
    const doing = lines.findLast((each) => each.kind === "step");
    // What is told with a change of status is what was done until then.
    if (step && step !== doing?.step) lines.push({ number, at, kind: "step", step });
    const stood = lines.findLast((each) => each.kind === "status");
    if (job.status !== stood?.status) {
      lines.push({ number, at, kind: "status", status: job.status });
    }
  }
  return lines;
}
