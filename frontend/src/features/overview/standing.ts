import type { FindingCode, FindingShape, HealthShape, StatsShape } from "@/api/generated/plan";

/** What the one button beside a finding does. */
export type Fix =
  | { by: "back-up" }
  | { by: "verify"; backupId: string }
  | { by: "look-at-job"; jobId: string }
  | { by: "look-at-backup"; backupId: string }
  | { by: "look-at-repository" }
  | { by: "schedule-on" };

/** `new`: nothing has been tried yet, so nothing is wrong either. */
export type Tone = "ok" | "warning" | "failing" | "new";

/** Return how the plan stands: what the page leads with. */
export function toneOf(
  health: Pick<HealthShape, "status" | "findings">,
  stats: Pick<StatsShape, "total_backups" | "failed_backups"> | undefined,
): Tone {
  const untouched = stats?.total_backups === 0 && stats.failed_backups === 0;
  if (health.findings.some(({ code }) => code === "no-backup") && untouched) return "new";
  return health.status;
}

const BY_BACKING_UP: ReadonlySet<FindingCode> = new Set(["no-backup", "too-old", "disproven"]);

/** Return what mends a finding. */
export function fixOf({ code, backup_id, job_id }: FindingShape): Fix | null {
  if (BY_BACKING_UP.has(code)) return { by: "back-up" };
  if (code === "schedule-off") return { by: "schedule-on" };
  if (code === "repository-damaged") return { by: "look-at-repository" };
  if (job_id) return { by: "look-at-job", jobId: job_id };
  if (!backup_id) return null;
  return code === "not-verified"
    ? { by: "verify", backupId: backup_id }
    : { by: "look-at-backup", backupId: backup_id };
}

export type Freshness = "none" | "unproven" | "proven" | "olderProven";

/** Return what can be said of the newest good backup and of its proof. */
export function freshnessOf(
  health: Pick<HealthShape, "last_success_id" | "last_verified_id">,
): Freshness {
  if (health.last_success_id === null) return "none";
  if (health.last_verified_id === null) return "unproven";
  return health.last_verified_id === health.last_success_id ? "proven" : "olderProven";
}
