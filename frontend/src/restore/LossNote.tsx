import { Alert, Text } from "@mantine/core";
import { IconAlertTriangle, IconShieldCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { OfferShape } from "@/api/generated/plan";
import { formatShort } from "@/format/times";
import { useLocale } from "@/i18n/useLocale";
import { lostSpan } from "@/restore/changes";
import { formatSpan } from "@/restore/span";

/** What is lost by a restore: all that was written since; and whether it can be brought back. */
export function LossNote({ offer, safety }: { offer: OfferShape; safety: boolean }) {
  const { t } = useTranslation("restoring");
  const locale = useLocale();
  const seconds = lostSpan(offer.backup.created_at, offer.target?.places ?? []);
  const since = formatShort(new Date(offer.backup.created_at), locale);
  return (
    <Alert
      color={safety ? "blue" : "red"}
      variant="light"
      icon={safety ? <IconShieldCheck aria-hidden /> : <IconAlertTriangle aria-hidden />}
      title={
        seconds === null
          ? t("loss.since", { since })
          : t("loss.span", { since, span: formatSpan(seconds, locale) })
      }
    >
      <Text size="sm">{safety ? t("loss.kept") : t("loss.gone")}</Text>
    </Alert>
  );
}
