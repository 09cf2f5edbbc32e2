import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { CronForm } from "@/features/schedule/cron";
import { sentenceOf } from "@/features/schedule/words";
import { useLocale } from "@/i18n/useLocale";

/** A rhythm in words; an own expression as it is, until what describes it is loaded. */
export function CronSentence({ form }: { form: CronForm }) {
  const { t, i18n } = useTranslation("schedule");
  const locale = useLocale();
  const said = sentenceOf(form, t, locale);
  const described = useQuery({
    queryKey: ["cron-words", form.expression, i18n.language, locale],
    queryFn: async () => {
      const { describeCron } = await import("@/features/schedule/ownWords");
      return describeCron(form.expression, i18n.language, locale);
    },
    enabled: said === null && form.expression.trim() !== "",
    staleTime: Number.POSITIVE_INFINITY,
  });
  return <>{said ?? described.data ?? t("words.own", { expression: form.expression })}</>;
}
