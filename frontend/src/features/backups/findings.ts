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

/** Read the events of a job that has ended, as the server streams them (`text/event-stream`). */
export function eventsOf(stream: string): JobEvent[] {
  return stream
    .split(/\n\n/)
    .map(eventOf)
    .filter((each) => each !== null);
}

function eventOf(block: string): JobEvent | null {
  const fields = new Map(
    block.split("\n").map((line) => {
      const [name = "", ...value] = line.split(":");
      return [name, value.join(":").trim()] as const;
    }),
  );
  const data = parsed(fields.get("data"));
  if (data === null || typeof data.at !== "string") return null;
  return {
    number: fields.get("id") ?? "",
    at: data.at,
    event: fields.get("event") ?? "",
    status: data.job?.status ?? null,
    text: data.warning ?? data.job?.progress?.current_step ?? "",
  };
}

interface EventData {
  at?: string;
  warning?: string;
  job?: Partial<JobShape>;
}

function parsed(data: string | undefined): EventData | null {
  try {
    return data ? (JSON.parse(data) as EventData) : null;
  } catch {
    // Half of an event, where the connection broke.
    return null;
  }
}
