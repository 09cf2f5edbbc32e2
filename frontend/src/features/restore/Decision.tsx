import { Paper, Title } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape, OfferShape, PlanShape } from "@/api/generated/plan";
import { isPartial, type Wanted } from "@/features/restore/choice";
import { wordToType } from "@/restore/confirmation";
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
  const heading = useRef<HTMLHeadingElement>(null);
  // What was asked for stands here now; a keyboard and a screen reader go on from it.
  useEffect(() => heading.current?.focus(), []);
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="restore-decision">
      <Title
        order={2}
        size="h4"
        mb="md"
        id="restore-decision"
        ref={heading}
        tabIndex={-1}
        style={{ outline: "none", scrollMarginTop: 76 }}
      >
        {offer.kind === "upload" ? t("decision.upload") : t("decision.backup")}
      </Title>
      <OfferDecision
        key={offer.confirmation}
        offer={offer}
        word={wordToType(offer, plan, piece("confirm.word"))}
        safety={wanted.safety}
        partial={isPartial(wanted)}
        {...on}
      />
    </Paper>
  );
}
