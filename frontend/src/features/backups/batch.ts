/** What can be done with several backups at once. */
export type BatchKind = "verify" | "drill" | "keep" | "release" | "delete";

/** How one of several is: not begun, at work, done with what came of it, or failed. */
export type Outcome<R> =
  | { state: "waiting" }
  | { state: "working" }
  | { state: "done"; result: R }
  | { state: "failed"; error: unknown };

export type Report<R> = ReadonlyMap<string, Outcome<R>>;

/**
 * Do something with each, one after another, and tell of every change.
 *
 * One that fails does not hold up the others: each has its own outcome.
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
  for (const id of ids) {
    note(id, { state: "working" });
    try {
      note(id, { state: "done", result: await work(id) });
    } catch (error) {
      note(id, { state: "failed", error });
    }
  }
  return report;
}
