import type { RetentionShape } from "@/api/generated/plan";

/** The rules that count one backup of each span. */
export const SPAN_RULES = [
  "keep_hourly",
  "keep_daily",
  "keep_weekly",
  "keep_monthly",
  "keep_yearly",
] as const;
export type SpanRule = (typeof SPAN_RULES)[number];

/** All rules that are numbers. */
export const COUNT_RULES = ["keep_last", ...SPAN_RULES, "retention_days", "max_backups"] as const;
export type CountRule = (typeof COUNT_RULES)[number];

export const WITHIN_UNITS = ["h", "d", "m", "y", "own"] as const;
export type WithinUnit = (typeof WITHIN_UNITS)[number];

/** What the form of the rules holds; a number of 0 turns its rule off. */
export interface PolicyForm {
  counts: Record<CountRule, number>;
  /** `keep_within`: so many of a unit, or as it is spelled where it mixes units. */
  within: { amount: number; unit: WithinUnit; spelled: string };
  tags: string[];
}

/** Read rules into the form. */
export function formOfPolicy(policy: RetentionShape): PolicyForm {
  const counts = Object.fromEntries(COUNT_RULES.map((rule) => [rule, policy[rule] ?? 0]));
  return {
    counts: counts as Record<CountRule, number>,
    within: withinOf(policy.keep_within ?? ""),
    tags: [...(policy.keep_tags ?? [])],
  };
}

/** Read a span such as `30d`; one that mixes units stays as it is spelled. */
export function withinOf(span: string): PolicyForm["within"] {
  const spelled = span.trim();
  const single = /^(\d{1,9})([hdmy])$/.exec(spelled);
  if (single) return { amount: Number(single[1]), unit: single[2] as WithinUnit, spelled };
  return { amount: 0, unit: spelled ? "own" : "d", spelled };
}

/** Write the rules of a form; those that are off are 0, null or empty. */
export function policyOfForm({ counts, within, tags }: PolicyForm): Required<RetentionShape> {
  const { retention_days, max_backups, ...keep } = counts;
  return {
    ...keep,
    keep_within: spanOf(within),
    keep_tags: tags.map((tag) => tag.trim()).filter(Boolean),
    // A limit of none is no limit, rather than one that nothing meets.
    retention_days: retention_days || null,
    max_backups: max_backups || null,
  };
}

function spanOf({ amount, unit, spelled }: PolicyForm["within"]): string | null {
  if (unit === "own") return spelled.trim() || null;
  return amount > 0 ? `${amount}${unit}` : null;
}

/** Whether nothing in the form is misspelled: each unit of a mixed span may stand in it once. */
export function isWhole({ within: { unit, spelled } }: PolicyForm): boolean {
  const text = spelled.trim();
  if (unit !== "own" || text === "") return true;
  const units = text.replace(/\d/g, "");
  return /^(\d{1,9}[ymdh])+$/.test(text) && new Set(units).size === units.length;
}

/** Turn to another unit; a mixed span begins as what was chosen before. */
export function withUnit(within: PolicyForm["within"], unit: WithinUnit): PolicyForm["within"] {
  if (unit === "own") return { ...within, unit, spelled: spanOf(within) ?? "" };
  const amount = within.unit === "own" ? withinOf(within.spelled).amount : within.amount;
  return { ...within, unit, amount };
}

/** Whether no rule is set, so that everything stays. */
export function isEmptyPolicy(policy: RetentionShape): boolean {
  return Object.values(policy).every((rule) => (Array.isArray(rule) ? rule.length === 0 : !rule));
}

/** Whether two sets of rules say the same, however they are spelled. */
export function isSamePolicy(one: RetentionShape, other: RetentionShape): boolean {
  const plain = (policy: RetentionShape) => JSON.stringify(policyOfForm(formOfPolicy(policy)));
  return plain(one) === plain(other);
}

/** Rules to begin with, by name. */
export const PRESETS: Record<"month" | "generations" | "archive", RetentionShape> = {
  month: { retention_days: 30 },
  generations: { keep_daily: 7, keep_weekly: 4, keep_monthly: 12 },
  archive: { keep_within: "7d", keep_weekly: 8, keep_monthly: 24, keep_yearly: 10 },
};
export type Preset = keyof typeof PRESETS;
