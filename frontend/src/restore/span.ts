import type { JobShape } from "@/api/generated/plan";

const UNITS: ReadonlyArray<readonly [unit: string, seconds: number]> = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** A span of time in one unit, such as `3 days`: how much is lost, not how long something took. */
export function formatSpan(seconds: number, locale: string): string {
  const [unit, length] = UNITS.find(([, each]) => seconds >= each) ?? ["minute", 60];
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit,
    unitDisplay: "long",
    maximumFractionDigits: 0,
  }).format(Math.max(1, Math.round(seconds / length)));
}

/** How long a job took [s]; null of one that never began, or has not ended. */
export function secondsOf({
  started_at: from,
  completed_at: to,
}: Pick<JobShape, "started_at" | "completed_at">): number | null {
  return from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null;
}
