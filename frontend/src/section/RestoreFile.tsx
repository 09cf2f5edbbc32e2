import { Box, Button, Group, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape, OfferShape } from "@/api/generated/plan";
import { usePlan } from "@/backup/hooks/usePlan";
import { wordToType } from "@/restore/confirmation";
import { OfferDecision } from "@/restore/OfferDecision";
import { SendArchive } from "@/restore/SendArchive";
import { RestoreCard } from "@/section/RestoreCard";

interface RestoreFileProps {
  onStarted: (job: JobShape) => void;
  onLeave: () => void;
}

/** Send an archive, see what it would replace, decide. */
export function RestoreFile({ onStarted, onLeave }: RestoreFileProps) {
  const { t } = useTranslation("section");
  const { t: piece } = useTranslation("restoring");
  const [offer, setOffer] = useState<OfferShape | null>(null);
  const plan = usePlan();
  return (
    <RestoreCard title={t("restore.file")}>
      {/* It keeps the file, so that the same one can be sent again. */}
      <Box hidden={offer !== null}>
        <Stack>
          <SendArchive maxBytes={plan.data?.max_upload_bytes} onOffer={setOffer} />
          <Group>
            <Button variant="default" onClick={onLeave}>
              {t("restore.back")}
            </Button>
          </Group>
        </Stack>
      </Box>
      {offer && (
        <OfferDecision
          key={offer.confirmation}
          offer={offer}
          word={wordToType(offer, plan.data, piece("confirm.word"))}
          safety
          onStarted={onStarted}
          onLookAgain={() => setOffer(null)}
          onDiscard={() => setOffer(null)}
        />
      )}
    </RestoreCard>
  );
}
