import { EventReader, type ServerEvent } from "@/api/eventStream";
import type { CheckShape, JobShape, JobStatus } from "@/api/generated/plan";

/** The checks that a verification or a drill made; none where it came to none. */
export function checksOf(job: Pick<JobShape, "result">): CheckShape[] {
  const { checks } = job.result;
  return Array.isArray(checks) ? checks.filter(isCheck) : [];
}

function isCheck(found: unknown): found is CheckShape {
  const check = found as Partial<CheckShape> | null;
  return typeof check?.name === "string" && typeof check.passed === "boolean";
}

/** One thing that happened in a job. */
export interface JobEvent {
  number: string;
  at: string;
  event: string;
  /** How the job stood then. */
  status: JobStatus | null;
  /** For people: the step, or the warning. */
  text: string;
}

/** Read the events of a job that has ended, as the server streams them. */
export function eventsOf(stream: string): JobEvent[] {
  return new EventReader()
    .take(stream)
    .map(eventOf)
    .filter((each) => each !== null);
}

interface EventData {
  at?: string;
  warning?: string;
  job?: Partial<JobShape>;
}

function eventOf({ id, event, data }: ServerEvent): JobEvent | null {
  const { at, warning, job } = JSON.parse(data) as EventData;
  if (typeof at !== "string") return null;
  const text = warning ?? job?.progress?.current_step ?? "";
  return { number: id, at, event, status: job?.status ?? null, text };
}
