import type { StatsShape } from "@/api/generated/plan";

/** A prune leaves a twentieth of what is used: less is not worth a word. */
const LEFT_BY_A_PRUNE = 0.05;

/** What of the repository no backup needs [bytes], as a cancelled one leaves it; 0 if it is little. */
export function unusedOf({
  stored_size_bytes: stored,
  unused_size_bytes: unused,
}: Pick<StatsShape, "stored_size_bytes" | "unused_size_bytes">): number {
  return unused !== null && unused > (stored - unused) * LEFT_BY_A_PRUNE ? unused : 0;
}
