import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { RetentionShape } from "@/api/generated/plan";
import { type Rule, rulesOf } from "@/features/overview/retention";
import { formatList, formatUnit } from "@/features/overview/words";
import { useLocale } from "@/i18n/useLocale";

/** A retention in words, such as `Keeps 7 daily and 4 weekly`. */
export function RetentionWords({ retention }: { retention: RetentionShape }) {
  const { t } = useTranslation("overview");
  const locale = useLocale();
  const { keeps, limits } = rulesOf(retention);
  const inWords = (rules: Rule[]) => formatList(rules.map(ruleInWords), locale);

  function ruleInWords(rule: Rule): string {
    if ("count" in rule) return t(`retention.${rule.rule}`, { count: rule.count });
    if (rule.rule === "keep_tags") {
      return t("retention.keep_tags", { tags: formatList(rule.tags, locale) });
    }
    const spans = rule.spans.map(([count, unit]) => formatUnit(count, unit, locale));
    return t(`retention.${rule.rule}`, { span: formatList(spans, locale) });
  }

  if (keeps.length + limits.length === 0) return t("card.keepAll");
  return (
    <Text span fz="sm" fw={500} lh={1.45}>
      {keeps.length > 0 && t("retention.keeps", { rules: inWords(keeps) })}
      {keeps.length > 0 && limits.length > 0 && ". "}
      {limits.length > 0 && t("retention.limits", { rules: inWords(limits) })}
    </Text>
  );
}
