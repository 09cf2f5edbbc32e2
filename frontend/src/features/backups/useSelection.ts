import { useState } from "react";
import type { BackupShape } from "@/api/generated/plan";
import { isStored } from "@/backup/jobs";
import { useAsking } from "@/features/backups/asking";

type Chosen = ReadonlyMap<string, BackupShape>;

/**
 * Which backups are chosen, also on pages and by filters that were left since.
 *
 * Only stored ones can be: nothing can be done with others.
 */
export function useSelection(backups: readonly BackupShape[]) {
  const [known, setKnown] = useState<Chosen>(new Map());
  const { gone } = useAsking();
  const possible = backups.filter(isStored);
  const chosen = chosenOf(known, possible, gone);
  const ids = new Set(chosen.map(({ id }) => id));
  const here = possible.filter(({ id }) => ids.has(id));
  const isWhole = here.length === possible.length;
  return {
    /** All of them. */
    chosen,
    /** Those of this page; and those of it that could be. */
    here,
    possible,
    has: (id: string) => ids.has(id),
    toggle: (backup: BackupShape) => setKnown(changed(known, [backup], !ids.has(backup.id))),
    toggleAll: () => setKnown(changed(known, possible, !isWhole)),
    clear: () => setKnown(new Map()),
  };
}

export type Selection = ReturnType<typeof useSelection>;

/** Return those that are still there, as they are now where this page shows them. */
export function chosenOf(
  known: Chosen,
  page: readonly BackupShape[],
  gone: ReadonlySet<string>,
): BackupShape[] {
  const shown = new Map(page.map((each) => [each.id, each]));
  return [...known.values()]
    .filter(({ id }) => !gone.has(id))
    .map((each) => shown.get(each.id) ?? each);
}

/** Return them with some added, or taken away. */
export function changed(known: Chosen, some: readonly BackupShape[], chosen: boolean): Chosen {
  const next = new Map(known);
  for (const each of some) {
    if (chosen) next.set(each.id, each);
    else next.delete(each.id);
  }
  return next;
}
