import type { CheckShape, JobShape } from "@/api/generated/plan";
import { isCopyJob, isRestore } from "@/backup/jobs";

/** What came of a job, as the server keeps it: each kind adds its own, and a newer server more. */
type Result = JobShape["result"];

/** A sentence on what came of a job: which one, and the values in it. */
export interface Saying {
  key: SayingKey;
  /** Decides between one and many, where there is something to count. */
  count?: number;
  /** Sizes in it [bytes]. */
  bytes?: number;
  /** How much of that was new [bytes]. */
  stored?: number;
  tables?: number;
  sources?: string;
}

export type SayingKey =
  | "made"
  | "records"
  | "files"
  | "only"
  | "verifiedToo"
  | "removedAfter"
  | "proven"
  | "drilled"
  | "disproven"
  | "missingFiles"
  | "orphanFiles"
  | "restoredFiles"
  | "restoredRows"
  | "copiedFiles"
  | "copiedRows"
  | "removed"
  | "removedNone"
  | "wouldRemove"
  | "freed"
  | "freedNone"
  | "sound"
  | "unsound"
  | "readAll"
  | "readStructure";

/** What came of a job, in sentences; none where it came to nothing, or tells nothing. */
export function sayingsOf(job: Pick<JobShape, "kind" | "result" | "items_restored">): Saying[] {
  const { kind, result } = job;
  if (isRestore(job)) return ofRestore(job, "restoredFiles", "restoredRows");
  if (isCopyJob(job)) return ofRestore(job, "copiedFiles", "copiedRows");
  if (kind === "backup" || kind === "import") return ofBackup(result);
  if (kind === "verify" || kind === "drill") return ofProof(result, kind);
  if (kind === "cleanup") return ofCleanup(result);
  return kind === "check" ? ofCheck(result) : ofPrune(result);
}

function ofBackup(result: Result): Saying[] {
  const bytes = numberOf(result.original_size);
  if (bytes === null) return [];
  const removed = textsOf(result.removed);
  const only = textsOf(result.only);
  return [
    { key: "made", bytes, stored: numberOf(result.stored_size) ?? 0 },
    ...counted("records", result.total_records),
    ...counted("files", result.total_files),
    ...(only.length > 0 ? [{ key: "only", sources: only.join(", ") } as const] : []),
    ...(result.verified === true ? [{ key: "verifiedToo" } as const] : []),
    ...counted("removedAfter", removed.length),
  ];
}

function ofProof(result: Result, kind: "verify" | "drill"): Saying[] {
  const made = checksOf(result).filter((each) => !each.skipped);
  if (made.length === 0) return [];
  const failed = made.filter((each) => !each.passed).length;
  const passed = kind === "drill" ? "drilled" : "proven";
  return [
    failed > 0 ? { key: "disproven", count: failed } : { key: passed, count: made.length },
    ...counted("missingFiles", textsOf(result.missing_files).length),
    ...counted("orphanFiles", textsOf(result.orphan_files).length),
  ];
}

function ofRestore(
  { result, items_restored: items }: Pick<JobShape, "result" | "items_restored">,
  filesKey: SayingKey,
  rowsKey: SayingKey,
) {
  const files = numberOf(result.restored_files);
  if (files === null) return [];
  const rows = Object.entries(items).filter(([name]) => !isPart(name));
  const said: Saying[] = [
    { key: filesKey, count: files, bytes: numberOf(result.restored_bytes) ?? 0 },
  ];
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  if (rows.length > 0) said.push({ key: rowsKey, count: total, tables: rows.length });
  return said;
}

/** Whether something that was restored is a directory or the settings: a place in the backup. */
function isPart(name: string): boolean {
  return name.includes("/") || name === "settings.json";
}

function ofCleanup(result: Result): Saying[] {
  if (Array.isArray(result.would_remove)) {
    return [{ key: "wouldRemove", count: result.would_remove.length }];
  }
  if (!Array.isArray(result.removed)) return [];
  const count = result.removed.length;
  if (count === 0) return [{ key: "removedNone" }];
  return [{ key: "removed", count }, ...ofPrune(result)];
}

function ofCheck(result: Result): Saying[] {
  if (typeof result.passed !== "boolean") return [];
  const first: Saying = result.passed
    ? { key: "sound", count: numberOf(result.snapshots) ?? 0 }
    : { key: "unsound", count: numberOf(result.problem_count) ?? textsOf(result.problems).length };
  const bytes = numberOf(result.bytes_read) ?? 0;
  return [first, result.read_data === true ? { key: "readAll", bytes } : { key: "readStructure" }];
}

function ofPrune(result: Result): Saying[] {
  const bytes = numberOf(result.freed_bytes);
  if (bytes === null) return [];
  return [bytes > 0 ? { key: "freed", bytes } : { key: "freedNone" }];
}

function counted(key: SayingKey, value: unknown): Saying[] {
  const count = numberOf(value);
  return count === null || count === 0 ? [] : [{ key, count }];
}

/** The checks that were made, in their order. */
export function checksOf(result: Result): CheckShape[] {
  const { checks } = result;
  return Array.isArray(checks) ? checks.filter(isCheck) : [];
}

function isCheck(found: unknown): found is CheckShape {
  return typeof found === "object" && found !== null && "name" in found && "passed" in found;
}

/** The ids of the backups that were removed, or would be. */
export function removedOf({ removed, would_remove: would }: Result): string[] {
  if (!Array.isArray(would)) return textsOf(removed);
  return would.flatMap((each: { backup_id?: unknown } | null) => textsOf([each?.backup_id]));
}

/** What was found wrong: by a check of the repository, or in a backup that is not whole. */
export function problemsOf({ problems, missing_files: missing }: Result): string[] {
  return [...textsOf(problems), ...textsOf(missing)];
}

/** How many rows there were in each table that was backed up. */
export function tablesOf({ table_counts: counts }: Result): Record<string, number> {
  if (typeof counts !== "object" || counts === null) return {};
  return Object.fromEntries(Object.entries(counts).filter(([, each]) => numberOf(each) !== null));
}

/** The backup of what a restore replaced. */
export function safetyBackupOf({ safety_backup_id: id }: Result): string | null {
  return typeof id === "string" ? id : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
