import type { OfferShape } from "@/api/generated/plan";

/** Whether what was looked at is laid out in a new folder, so that nothing live is replaced. */
export function isCopyOffer({ into }: Pick<OfferShape, "into">): boolean {
  return into !== null;
}
