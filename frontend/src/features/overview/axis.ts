import type { Point } from "@/features/overview/runs";
import { dayIn } from "@/format/zones";

const HOUR_MS = 3_600_000;

/** Return the span that the charts show [ms], with room for the first and the last bar. */
export function spanOf(points: readonly Point[]): [number, number] {
  const first = points[0]?.at ?? 0;
  const last = points.at(-1)?.at ?? first;
  const room = Math.max((last - first) * 0.015, HOUR_MS);
  return [first - room, last + room];
}

/** Return about `wanted` days to write below the charts: the first run of each [ms]. */
export function ticksOf(points: readonly Point[], timeZone: string, wanted: number): number[] {
  const dayOf = dayIn(timeZone);
  const days = new Map<string, number>();
  for (const { at } of points) {
    const day = dayOf(new Date(at));
    if (!days.has(day)) days.set(day, at);
  }
  const firsts = [...days.values()];
  const step = Math.max(1, Math.ceil(firsts.length / wanted));
  return firsts.filter((_, index) => index % step === 0);
}

/** A value of the points that a chart draws. */
export type Measure = "captured" | "added" | "seconds";

/** Return the least, the most and the last of what was measured; null if nothing was. */
export function rangeOf(
  points: readonly Point[],
  measure: Measure,
): { least: number; most: number; last: number; count: number } | null {
  const values = points.map((point) => point[measure]).filter((value) => value !== null);
  const last = values.at(-1);
  if (last === undefined) return null;
  return { least: Math.min(...values), most: Math.max(...values), last, count: values.length };
}

/** Room beside the bars for the axis [px]. */
const AXIS_PX = 80;

/** Return how wide bars may be [px]: wide enough to see, and apart. */
export function barSizeFor(width: number, bars: number): number {
  return Math.max(2, Math.min(12, Math.floor(((width - AXIS_PX) / Math.max(bars, 1)) * 0.7)));
}
