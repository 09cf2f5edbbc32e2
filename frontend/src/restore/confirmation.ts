import type { OfferShape, PlanShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";

/** The name that a plan has where nobody gave it one: nothing that one would recognise. */
const UNNAMED = "default";

/** Return what must be typed: the name of the live data, of the plan, of the application, or a word. */
export function wordToType(
  offer: Pick<OfferShape, "confirm_with">,
  plan: Pick<PlanShape, "name" | "app"> | undefined,
  word: string,
): string {
  if (offer.confirm_with !== null) return offer.confirm_with;
  if (plan === undefined) return word;
  return (plan.name === UNNAMED ? plan.app : plan.name) || word;
}

/** Whether what was typed is it; as it is written, for it names what is replaced. */
export function isTyped(typed: string, word: string): boolean {
  return typed.trim() === word;
}

/** How long an offer can still be confirmed [s]; 0 when it has expired. */
export function secondsLeft(offer: Pick<OfferShape, "expires_at">, now: Date): number {
  return Math.max(0, Math.floor((Date.parse(offer.expires_at) - now.getTime()) / 1000));
}

const STALE: ReadonlySet<string> = new Set([
  "upload-not-found",
  "confirmation-required",
  "precondition-failed",
  // Somebody made what was to be the new folder of a copy.
  "target-exists",
]);

/** Whether a confirmation was refused because one must look again first: nothing was changed. */
export function isStale(error: unknown): boolean {
  return STALE.has(toProblem(error).code);
}
