import { Box, Paper, Stack, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape, OfferShape, PlanShape } from "@/api/generated/plan";
import { usePlan } from "@/backup/hooks/usePlan";
import { choiceOf, newWanted } from "@/features/restore/choice";
import { Decision } from "@/features/restore/Decision";
import { Options } from "@/features/restore/Options";
import { Loaded, Loading } from "@/parts/States";
import { SendArchive } from "@/restore/SendArchive";

interface FromUploadProps {
  onStarted: (job: JobShape, safety: boolean) => void;
}

/** Restore an archive that is sent. */
export function FromUpload({ onStarted }: FromUploadProps) {
  const plan = usePlan();
  return (
    <Loaded query={plan} loading={<Loading rows={1} height={240} />}>
      {(found) => <Sent plan={found} onStarted={onStarted} />}
    </Loaded>
  );
}

function Sent({ plan, onStarted }: FromUploadProps & { plan: PlanShape }) {
  const { t } = useTranslation("restore");
  const [wanted, setWanted] = useState(() => newWanted(plan));
  const [offer, setOffer] = useState<OfferShape | null>(null);
  return (
    <Stack gap="md">
      {/* It keeps the file, so that the same one can be sent again. */}
      <Box hidden={offer !== null}>
        <Paper withBorder p="md" component="section" aria-labelledby="restore-file">
          <Title order={2} size="h4" mb="sm" id="restore-file">
            {t("file.title")}
          </Title>
          <SendArchive
            choice={choiceOf(wanted)}
            maxBytes={plan.max_upload_bytes}
            onOffer={setOffer}
            disabled={wanted.sources?.length === 0}
          >
            <Options plan={plan} wanted={wanted} onChange={setWanted} />
          </SendArchive>
        </Paper>
      </Box>
      {offer && (
        <Decision
          offer={offer}
          plan={plan}
          wanted={wanted}
          onStarted={(job) => onStarted(job, wanted.safety)}
          onLookAgain={() => setOffer(null)}
          onDiscard={() => setOffer(null)}
        />
      )}
    </Stack>
  );
}
