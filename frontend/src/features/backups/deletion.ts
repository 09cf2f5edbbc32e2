import type { BackupShape } from "@/api/generated/plan";

const GOOD: ReadonlySet<string> = new Set(["completed", "verified", "restored"]);

/** Whether a backup of the whole plan is stored whole and was not disproven, as the server has it. */
export function isGood(backup: BackupShape): boolean {
  return (
    GOOD.has(backup.status) &&
    !backup.disproven &&
    !backup.damaged &&
    backup.only.length === 0 &&
    backup.type !== "pre_restore"
  );
}

/** What deleting some backups comes to. */
export interface Deletion {
  goes: BackupShape[];
  /** Those that the server refuses to delete: they are kept. */
  stays: BackupShape[];
  /** What they alone added to the repository [bytes]; about what the next cleanup frees. */
  bytes: number;
  /** The newest good backup, if it goes. */
  newestGood: BackupShape | null;
  /** Whether a proven good one goes and none is left. */
  lastProven: boolean;
  /** How many backups remain, and how many good ones. */
  left: number;
  goodLeft: number;
  /** The newest good one that remains. */
  nextGood: BackupShape | null;
}

/** See what deleting some backups comes to, among all that are stored. */
export function planDeletion(chosen: BackupShape[], stored: BackupShape[]): Deletion {
  const stays = chosen.filter((each) => each.keep);
  const goes = chosen.filter((each) => !each.keep);
  const going = new Set(goes.map((each) => each.id));
  const left = stored.filter((each) => !going.has(each.id));
  const good = newestFirst(stored.filter(isGood));
  const goodLeft = good.filter((each) => !going.has(each.id));
  const newest = good[0];
  const proven = good.filter((each) => each.verified);
  return {
    goes,
    stays,
    bytes: goes.reduce((sum, each) => sum + each.stored_size_bytes, 0),
    newestGood: newest && going.has(newest.id) ? newest : null,
    lastProven: proven.length > 0 && proven.every((each) => going.has(each.id)),
    left: left.length,
    goodLeft: goodLeft.length,
    nextGood: goodLeft[0] ?? null,
  };
}

function newestFirst(backups: BackupShape[]): BackupShape[] {
  return backups.toSorted((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
}
