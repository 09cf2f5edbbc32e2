import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconClockX } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape, OfferShape } from "@/api/generated/plan";
import { ActionButton } from "@/parts/ActionButton";
import { useNow } from "@/parts/useNow";
import { isStale, secondsLeft } from "@/restore/confirmation";
import { OfferView } from "@/restore/OfferView";
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

/** What a restore would replace, and the decision: to restore, or not to. */
export function OfferDecision(props: OfferDecisionProps) {
  const { offer, word, safety, partial, renewed, onStarted, onLookAgain, onDiscard } = props;
  const { t } = useTranslation("restoring");
  const [asking, setAsking] = useState(false);
  const confirm = useConfirmOffer();
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
      {renewed && (
        <Alert
          color="orange"
          role="alert"
          icon={<IconClockX aria-hidden />}
          title={t("expired.renewed")}
        >
          {t("expired.renewedHint")}
        </Alert>
      )}
      <OfferView offer={offer} safety={safety} />
      {seconds === 0 || stale ? (
        <Alert color="orange" icon={<IconClockX aria-hidden />} title={t("expired.title")}>
          <Stack gap="xs" align="flex-start">
            <Text size="sm">
              {offer.kind === "upload" ? t("expired.upload") : t("expired.backup")}
            </Text>
            <Button size="xs" variant="default" onClick={onLookAgain}>
              {offer.kind === "upload" ? t("expired.send") : t("expired.look")}
            </Button>
          </Stack>
        </Alert>
      ) : (
        <Group justify="space-between" gap="sm">
          <Text size="sm" c="dimmed">
            {t("offer.expires", { count: Math.max(1, Math.round(seconds / 60)) })}
          </Text>
          <Group gap="xs" justify="flex-end" flex="1 1 auto">
            <Button variant="default" onClick={onDiscard}>
              {offer.kind === "upload" ? t("offer.discard") : t("offer.back")}
            </Button>
            <ActionButton needs="restore" color="red" onClick={() => setAsking(true)}>
              {t("offer.restore")}
            </ActionButton>
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
