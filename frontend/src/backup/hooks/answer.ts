import { toProblem } from "@/api/problem";

/** How often what changes by itself is looked at again while somebody waits for it [ms]. */
export const WATCH_MS = 1_000;
/** And how often otherwise. */
export const GLANCE_MS = 15_000;

/** How soon a question is put again: a refusal stays one, and who fails is not to be hammered. */
export function paceOf(error: unknown, pace: number | false): number | false {
  if (error === null || error === undefined) return pace;
  const { status } = toProblem(error);
  return status === 403 || status === 404 ? false : GLANCE_MS;
}

/** Return what a request of the generated client brings; its problem is thrown. */
export async function answerOf<T>(request: Promise<{ data: T }>): Promise<T> {
  return (await request).data;
}
