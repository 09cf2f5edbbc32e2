import { Paper, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobShape, OfferShape, PlanShape } from "@/api/generated/plan";
import { isPartial, leavesOut, type Wanted } from "@/features/restore/choice";
import { useArrival } from "@/parts/focus";
import { wordToType } from "@/restore/confirmation";
import { isCopyOffer } from "@/restore/copy";
import { OfferDecision } from "@/restore/OfferDecision";

interface DecisionProps {
  offer: OfferShape;
  plan: PlanShape;
  wanted: Wanted;
  renewed?: boolean;
  onStarted: (job: JobShape) => void;
  onLookAgain: () => void;
  onDiscard: () => void;
}

/** What was found, and whether to go on. */
export function Decision({ offer, plan, wanted, ...on }: DecisionProps) {
  const { t } = useTranslation("restore");
  const { t: piece } = useTranslation("restoring");
  const arrival = useArrival<HTMLHeadingElement>();
  const title = offer.kind === "upload" ? t("decision.upload") : t("decision.backup");
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="restore-decision">
      <Title order={2} size="h4" mb="md" id="restore-decision" {...arrival}>
        {isCopyOffer(offer) ? t("decision.copy") : title}
      </Title>
      <OfferDecision
        key={offer.confirmation}
        offer={offer}
        word={wordToType(offer, plan, piece("confirm.word"))}
        safety={wanted.safety}
        partial={isPartial(wanted) || leavesOut(plan, offer.backup.contents)}
        {...on}
      />
    </Paper>
  );
}
