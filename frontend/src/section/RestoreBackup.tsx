import { Button, Group, Stack, Text } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { usePlan } from "@/backup/hooks/usePlan";
import { useLookAtRestore } from "@/backup/hooks/useStartRestore";
import { Failure, Loading } from "@/parts/States";
import { wordToType } from "@/restore/confirmation";
import { OfferDecision } from "@/restore/OfferDecision";
import { RestoreCard } from "@/section/RestoreCard";

interface RestoreBackupProps {
  id: string;
  onStarted: (job: JobShape) => void;
  onLeave: () => void;
}

/** What restoring a backup would replace, and the decision. */
export function RestoreBackup({ id, onStarted, onLeave }: RestoreBackupProps) {
  const { t } = useTranslation("section");
  const { t: piece } = useTranslation("restoring");
  const { mutate: look, data: offer, error, isPending } = useLookAtRestore();
  const plan = usePlan();
  useEffect(() => look({ id }), [look, id]);
  return (
    <RestoreCard title={t("restore.backup")}>
      {offer && !isPending ? (
        <OfferDecision
          key={offer.confirmation}
          offer={offer}
          word={wordToType(offer, plan.data, piece("confirm.word"))}
          safety
          onStarted={onStarted}
          onLookAgain={() => look({ id })}
          onDiscard={onLeave}
        />
      ) : (
        <Stack>
          {error ? (
            <Failure error={error} onRetry={() => look({ id })} />
          ) : (
            <>
              <Text size="sm" c="dimmed" role="status">
                {t("restore.looking")}
              </Text>
              <Loading rows={3} height={64} />
            </>
          )}
          <Group>
            <Button variant="default" onClick={onLeave}>
              {t("restore.back")}
            </Button>
          </Group>
        </Stack>
      )}
    </RestoreCard>
  );
}
