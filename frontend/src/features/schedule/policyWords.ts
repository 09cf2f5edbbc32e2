import type { TFunction } from "i18next";
import type { RetentionShape } from "@/api/generated/plan";
import { type CountRule, formOfPolicy, SPAN_RULES } from "@/features/schedule/policy";
import { listOf } from "@/features/schedule/words";

/** Say each rule that is set in words, the reasons to keep before the limits. */
export function rulesInWords(policy: RetentionShape, t: TFunction<"schedule">): string[] {
  const { counts, within, tags } = formOfPolicy(policy);
  const said = (rules: readonly CountRule[]) =>
    rules
      .filter((rule) => counts[rule] > 0)
      .map((rule) => t(`rule.${rule}`, { count: counts[rule] }));
  const others: string[] = [];
  if (within.unit === "own") others.push(t("rule.withinOwn", { span: within.spelled }));
  else if (within.amount > 0) {
    others.push(t(`rule.within.${within.unit}`, { count: within.amount }));
  }
  if (tags.length > 0) others.push(t("rule.tags", { tags: tags.join(", ") }));
  return [
    ...said(["keep_last", ...SPAN_RULES]),
    ...others,
    ...said(["retention_days", "max_backups"]),
  ];
}

/** Say all rules in one sentence. */
export function policyLine(
  policy: RetentionShape,
  t: TFunction<"schedule">,
  locale: string,
): string {
  const rules = rulesInWords(policy, t);
  if (rules.length === 0) return t("rule.none");
  return t("rule.line", { rules: listOf(rules, locale) });
}
