import { useTranslation } from "react-i18next";
import { useNow } from "@/parts/useNow";
import { When } from "@/parts/Values";

const MINUTE_MS = 60_000;

/** How long ago something was, so that a sentence can be made of it: "now" makes none. */
export function Ago({ at }: { at: string | null }) {
  const { t } = useTranslation("overview");
  const now = useNow();
  const isNew = at !== null && now.getTime() - Date.parse(at) < MINUTE_MS;
  return isNew ? <time dateTime={at}>{t("justNow")}</time> : <When at={at} />;
}
