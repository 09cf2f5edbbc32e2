import { toProblem } from "@/api/problem";

/** What can be done with several backups at once. */
export type BatchKind = "verify" | "drill" | "keep" | "release" | "delete";

/** How one of several is: not begun, at work, done with what came of it, failed, or left as it was. */
export type Outcome<R> =
  | { state: "waiting" }
  | { state: "working" }
  | { state: "done"; result: R }
  | { state: "failed"; error: unknown }
  | { state: "left" };

export type Report<R> = ReadonlyMap<string, Outcome<R>>;

/**
 * Do something with each, one after another, and tell of every change.
 *
 * One that fails does not hold up the others, each has its own outcome; unless the reason holds
 * for all of them: the others are then left as they are.
 */
export async function doEach<R>(
  ids: readonly string[],
  work: (id: string) => Promise<R>,
  onChange: (report: Report<R>) => void,
): Promise<Report<R>> {
  let report = new Map<string, Outcome<R>>(ids.map((id) => [id, { state: "waiting" }]));
  const note = (id: string, outcome: Outcome<R>) => {
    report = new Map(report).set(id, outcome);
    onChange(report);
  };
  for (const [index, id] of ids.entries()) {
    note(id, { state: "working" });
    try {
      note(id, { state: "done", result: await work(id) });
    } catch (error) {
      note(id, { state: "failed", error });
      if (!isForAll(error)) continue;
      for (const other of ids.slice(index + 1)) note(other, { state: "left" });
      break;
    }
  }
  return report;
}

/** Whether the others would fail as well: the password was not given, nobody is logged in, no answer. */
function isForAll(error: unknown): boolean {
  const { code, status } = toProblem(error);
  return code === "step-up-required" || status === 401 || status === 0;
}
