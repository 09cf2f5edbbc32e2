import type { PrunePreview } from "@/api/generated/plan";

/** Whether a prune would leave all packs as they are. */
export function freesNothing(preview: PrunePreview): boolean {
  const { packs_removed: removed, packs_repacked: repacked, packs_unreferenced: left } = preview;
  return preview.would_free_bytes === 0 && removed + repacked + left === 0;
}
