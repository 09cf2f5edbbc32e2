import type { RetentionShape } from "@/api/generated/plan";

const RULES = [
  "keep_last",
  "keep_hourly",
  "keep_daily",
  "keep_weekly",
  "keep_monthly",
  "keep_yearly",
] as const;
const SPANS = { y: "year", m: "month", d: "day", h: "hour" } as const;

/** One rule in a form that a sentence can be made of. */
export type Rule =
  | { rule: (typeof RULES)[number] | "max_backups"; count: number }
  | { rule: "keep_within" | "retention_days"; spans: ReadonlyArray<readonly [number, string]> }
  | { rule: "keep_tags"; tags: readonly string[] };

/** Return what a retention keeps, and its limits, the most telling first. */
export function rulesOf(retention: RetentionShape): { keeps: Rule[]; limits: Rule[] } {
  const keeps: Rule[] = RULES.flatMap((rule) => {
    const count = retention[rule] ?? 0;
    return count > 0 ? [{ rule, count }] : [];
  });
  if (retention.keep_within) {
    keeps.push({ rule: "keep_within", spans: spansOf(retention.keep_within) });
  }
  if (retention.keep_tags?.length) keeps.push({ rule: "keep_tags", tags: retention.keep_tags });
  const limits: Rule[] = [];
  if (retention.max_backups) limits.push({ rule: "max_backups", count: retention.max_backups });
  if (retention.retention_days) {
    limits.push({ rule: "retention_days", spans: [[retention.retention_days, "day"]] });
  }
  return { keeps, limits };
}

/** Return the parts of a span such as `1y5m7d2h`, as `Intl.NumberFormat` names the units. */
export function spansOf(within: string): Array<readonly [number, string]> {
  return [...within.matchAll(/(\d+)([ymdh])/g)].map(([, count, unit]) => [
    Number(count),
    SPANS[unit as keyof typeof SPANS],
  ]);
}
