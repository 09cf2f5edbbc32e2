import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape, OfferShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { ActionButton } from "@/parts/ActionButton";
import { ProblemText } from "@/parts/States";
import { useNow } from "@/parts/useNow";
import { isStale, secondsLeft } from "@/restore/confirmation";
import { isCopyOffer } from "@/restore/copy";
import { OfferView } from "@/restore/OfferView";
import { RenewedNote, StaleOffer } from "@/restore/StaleOffer";
import { useConfirmOffer } from "@/restore/useConfirmOffer";
import { useGivenUp } from "@/restore/useGivenUp";

const ConfirmDialog = lazy(() => import("@/restore/ConfirmDialog"));

export interface OfferDecisionProps {
  offer: OfferShape;
  /** What must be typed; see `wordToType`. */
  word: string;
  safety: boolean;
  partial?: boolean;
  /** Whether it stands where another one was, which could not be confirmed any more. */
  renewed?: boolean;
  onStarted: (job: JobShape) => void;
  /** Look again: the offer has expired, or what is live has moved. */
  onLookAgain: () => void;
  /** Go back; the offer is given up by whoever leaves, in this way or another. */
  onDiscard: () => void;
}

/** What a restore would replace or lay out, and the decision: to restore, or not to. */
export function OfferDecision(props: OfferDecisionProps) {
  const { offer, word, safety, partial, renewed, onStarted, onLookAgain, onDiscard } = props;
  const { t } = useTranslation("restoring");
  const [asking, setAsking] = useState(false);
  const confirm = useConfirmOffer();
  const copy = isCopyOffer(offer);
  const seconds = secondsLeft(offer, useNow());
  const stale = isStale(confirm.error);
  const settled = confirm.isPending || confirm.isSuccess || stale || seconds === 0;
  useGivenUp(offer.confirmation, settled);

  const begin = () =>
    confirm.mutate(offer, {
      onSuccess: onStarted,
      onError: (error) => {
        if (!isStale(error)) return;
        setAsking(false);
        // What a backup would replace is looked at again at once; a file must be sent again.
        if (offer.kind === "backup") onLookAgain();
      },
    });

  return (
    <Stack gap="md">
      {renewed && <RenewedNote copy={copy} />}
      <OfferView offer={offer} safety={safety} />
      {copy && confirm.error && !stale && (
        <Alert
          color="red"
          role="alert"
          icon={<IconAlertTriangle aria-hidden />}
          title={t("copy.notBegun")}
        >
          <ProblemText problem={toProblem(confirm.error)} />
        </Alert>
      )}
      {seconds === 0 || stale ? (
        <StaleOffer offer={offer} onLookAgain={onLookAgain} />
      ) : (
        <Group justify="space-between" gap="sm">
          <Text size="sm" c="dimmed">
            {t("offer.expires", { count: Math.max(1, Math.round(seconds / 60)) })}
          </Text>
          <Group gap="xs" justify="flex-end" flex="1 1 auto">
            <Button variant="default" onClick={onDiscard}>
              {offer.kind === "upload" ? t("offer.discard") : t("offer.back")}
            </Button>
            {copy ? (
              // It touches nothing that is there, so the click is enough.
              <ActionButton needs="restore" loading={confirm.isPending} onClick={begin}>
                {t("copy.button")}
              </ActionButton>
            ) : (
              <ActionButton needs="restore" color="red" onClick={() => setAsking(true)}>
                {t("offer.restore")}
              </ActionButton>
            )}
          </Group>
        </Group>
      )}
      <Suspense>
        {asking && (
          <ConfirmDialog
            offer={offer}
            word={word}
            safety={safety}
            partial={partial}
            pending={confirm.isPending}
            error={confirm.error}
            onConfirm={begin}
            onClose={() => {
              setAsking(false);
              confirm.reset();
            }}
          />
        )}
      </Suspense>
    </Stack>
  );
}
