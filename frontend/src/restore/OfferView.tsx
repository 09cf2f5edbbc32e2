import { Group, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { OfferShape } from "@/api/generated/plan";
import { ChangeList } from "@/restore/ChangeList";
import { Checks } from "@/restore/Checks";
import { CopyNote } from "@/restore/CopyNote";
import { isCopyOffer } from "@/restore/copy";
import { LossNote } from "@/restore/LossNote";
import { OfferSource } from "@/restore/OfferSource";
import { Warnings } from "@/restore/Warnings";

export interface OfferViewProps {
  offer: OfferShape;
  /** Whether a safety backup is made before anything is replaced. */
  safety: boolean;
}

/** What a restore would replace or lay out, by what, and what was found when it was checked. */
export function OfferView({ offer, safety }: OfferViewProps) {
  const { t } = useTranslation("restoring");
  const copy = isCopyOffer(offer);
  return (
    <Stack gap="md">
      <OfferSource offer={offer} />
      <Checks checks={offer.checks} />
      <Warnings warnings={offer.warnings} />
      {copy ? <CopyNote /> : <LossNote offer={offer} safety={safety} />}
      <Stack gap="xs">
        <Group justify="space-between" align="baseline" gap="xs">
          <Title order={3} size="h5">
            {copy ? t("copy.created") : t("offer.replaced")}
          </Title>
          {offer.target && (
            <Text size="sm" c="dimmed">
              {t("offer.on", { host: offer.target.hostname })}
            </Text>
          )}
        </Group>
        <ChangeList changes={offer.changes} places={offer.target?.places} />
      </Stack>
    </Stack>
  );
}
