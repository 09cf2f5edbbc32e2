import type { Run } from "@/features/overview/runs";

/** Return a good backup of an instant, with what a test changes. */
export function run(created_at: string, changed: Partial<Run> = {}): Run {
  return {
    id: created_at,
    status: "completed",
    type: "scheduled",
    created_at,
    original_size_bytes: 1000,
    stored_size_bytes: 10,
    duration_s: 2,
    verified: false,
    disproven: false,
    damaged: false,
    only: [],
    ...changed,
  };
}
