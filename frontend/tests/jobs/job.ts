import type { JobShape } from "@/api/generated/plan";

/** A job as the server shows it, of which only what matters is given. */
export function job(given: Partial<JobShape> & { step?: string; percent?: number } = {}): JobShape {
  const { step = "", percent = 0, ...rest } = given;
  return {
    id: "job-1",
    plan: "shop",
    kind: "backup",
    status: "running",
    trigger: "manual_api",
    actor: "anna",
    backup_id: null,
    progress: {
      progress_percent: percent,
      current_step: step,
      total_tables: 0,
      completed_tables: 0,
      done_bytes: 0,
      total_bytes: null,
    },
    created_at: "2026-01-31T02:00:00Z",
    started_at: "2026-01-31T02:00:01Z",
    completed_at: null,
    scheduled_for: null,
    error: null,
    items_restored: {},
    result: {},
    warnings: [],
    attempt: 1,
    retry_of: null,
    cancel_requested: false,
    stalled: false,
    links: { self: "", events: "", backup: null },
    ...rest,
  };
}
