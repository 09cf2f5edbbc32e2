import { EventReader, Sight } from "@/api/eventStream";
import { type Problem, toProblem } from "@/api/problem";
import { type JobEvent, jobEventOf } from "@/features/jobs/log";

/**
 * How the log of a job is kept up: `live`; `away` while the stream cannot be had, so that only
 * what is asked for now and then is known; `ended` with the job; `refused` by the server.
 */
export type Following = "opening" | "live" | "away" | "ended" | "refused";

export interface FollowOptions {
  /** Open the stream after an event; empty for all of it. */
  open: (lastEventId: string, signal: AbortSignal) => Promise<Response>;
  onEvent: (event: JobEvent) => void;
  onFollowing: (following: Following, problem?: Problem) => void;
  signal: AbortSignal;
  /** Wait for some time [ms]. */
  wait?: (ms: number) => Promise<void>;
  /** For so long nothing may come before the stream counts as broken [ms]. */
  silenceMs?: number;
}

const RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;
/** The server says something every 15 seconds. */
const SILENCE_MS = 40_000;

/**
 * Follow a job from its first event to its last one, however often the connection breaks; while the
 * page cannot be seen, there is none.
 */
export async function followJob(options: FollowOptions): Promise<void> {
  const { signal, onFollowing, wait = sleep } = options;
  const [reader, sight] = [new EventReader(), new Sight()];
  let failures = 0;
  while (!signal.aborted) {
    await sight.seen(signal);
    const before = reader.lastId;
    const end = await readOnce(options, reader, sight);
    if (signal.aborted) return;
    if (end === "unseen") continue;
    if (end === "finished") return onFollowing("ended");
    if (end !== "cut" && end !== "closed") return onFollowing("refused", end);
    failures = reader.lastId === before ? failures + 1 : 0;
    // The server closes a stream after some minutes; only a second time in a row is a failure.
    if (end === "cut" || failures > 1) onFollowing("away");
    await wait(Math.min((reader.retryMs ?? RETRY_MS) * 2 ** failures, LONGEST_RETRY_MS));
  }
}

type End = "finished" | "closed" | "cut" | "unseen" | Problem;

async function readOnce(options: FollowOptions, reader: EventReader, sight: Sight): Promise<End> {
  const { open, onFollowing, signal, silenceMs = SILENCE_MS } = options;
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silenceMs);
  const unseen = sight.lost(silence.signal);
  const either = AbortSignal.any([signal, silence.signal, unseen]);
  reader.reopen();
  try {
    const answer = await open(reader.lastId, either);
    if (!answer.ok) return refusalOf(answer);
    for await (const text of textOf(answer, either)) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMs);
      onFollowing("live");
      if (tell(reader.take(text).map(jobEventOf), options)) return "finished";
    }
    return "closed";
  } catch {
    return unseen.aborted ? "unseen" : "cut";
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** Hand on what has come; true if it is the end of the job. */
function tell(events: ReadonlyArray<JobEvent | null>, { onEvent, signal }: FollowOptions): boolean {
  if (signal.aborted) return false;
  for (const event of events) if (event !== null) onEvent(event);
  return events.some((event) => event?.kind === "finished");
}

async function refusalOf(answer: Response): Promise<End> {
  const problem = toProblem(await answer.json().catch(() => null), answer.status);
  return problem.passing ? "cut" : problem;
}

async function* textOf(answer: Response, signal: AbortSignal): AsyncGenerator<string> {
  const stream = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  const stop = () => void stream?.cancel().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    while (stream) {
      const { value, done } = await stream.read();
      if (done) break;
      yield value;
    }
    signal.throwIfAborted();
  } finally {
    stop();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
