import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconClockX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { OfferShape } from "@/api/generated/plan";
import { isCopyOffer } from "@/restore/copy";

interface StaleOfferProps {
  offer: OfferShape;
  onLookAgain: () => void;
}

/** That a look cannot be confirmed any more, and the way to another. */
export function StaleOffer({ offer, onLookAgain }: StaleOfferProps) {
  const { t } = useTranslation("restoring");
  const upload = offer.kind === "upload";
  const why = upload ? t("expired.upload") : t("expired.backup");
  return (
    <Alert color="orange" icon={<IconClockX aria-hidden />} title={t("expired.title")}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{isCopyOffer(offer) ? t("expired.copy") : why}</Text>
        <Button size="xs" variant="default" onClick={onLookAgain}>
          {upload ? t("expired.send") : t("expired.look")}
        </Button>
      </Stack>
    </Alert>
  );
}

/** That a look stands where another one was, which could not be confirmed any more. */
export function RenewedNote({ copy }: { copy: boolean }) {
  const { t } = useTranslation("restoring");
  return (
    <Alert
      color="orange"
      role="alert"
      icon={<IconClockX aria-hidden />}
      title={copy ? t("expired.renewedCopy") : t("expired.renewed")}
    >
      {copy ? t("expired.renewedCopyHint") : t("expired.renewedHint")}
    </Alert>
  );
}
