/** How often what changes by itself is looked at again while somebody waits for it [ms]. */
export const WATCH_MS = 1_000;
/** And how often otherwise. */
export const GLANCE_MS = 15_000;

/** Return what a request of the generated client brings; its problem is thrown. */
export async function answerOf<T>(request: Promise<{ data: T }>): Promise<T> {
  return (await request).data;
}
