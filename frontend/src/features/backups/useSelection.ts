import { useState } from "react";
import type { BackupShape } from "@/api/generated/plan";
import { isStored } from "@/backup/jobs";

/** Which backups of this page are chosen. Only stored ones can be: nothing can be done with others. */
export function useSelection(backups: BackupShape[]) {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const possible = backups.filter(isStored);
  // One that is not on this page any more must not be acted on unseen.
  const chosen = possible.filter((each) => ids.has(each.id));
  return {
    chosen,
    possible,
    has: (id: string) => ids.has(id),
    toggle: (id: string) => setIds(changed(ids, id)),
    toggleAll: () =>
      setIds(chosen.length === possible.length ? new Set() : new Set(possible.map(({ id }) => id))),
    clear: () => setIds(new Set()),
  };
}

export type Selection = ReturnType<typeof useSelection>;

function changed(ids: ReadonlySet<string>, id: string): Set<string> {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return next;
}
