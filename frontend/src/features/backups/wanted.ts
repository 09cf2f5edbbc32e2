import type { NewBackup, PlanShape } from "@/api/generated/plan";

/** What the form has. */
export interface Wanted {
  description: string;
  tags: string[];
  sources: string[];
  compression: boolean;
  level: number;
  verify: boolean;
}

/** The form as it begins: as the plan makes backups. */
export function wantedOf(plan: PlanShape): Wanted {
  return {
    description: "",
    tags: [],
    sources: plan.sources.map((each) => each.name),
    compression: plan.compression,
    level: plan.compression_level,
    verify: plan.verify_after_create,
  };
}

/** Whether a backup of these sources leaves out others of the plan. */
export function leavesOut(wanted: Pick<Wanted, "sources">, plan: PlanShape): boolean {
  return plan.sources.some((each) => !wanted.sources.includes(each.name));
}

/** What to ask the server for. All sources are none named: so it is a backup of the plan. */
export function newBackupOf(wanted: Wanted, plan: PlanShape): NewBackup {
  return {
    description: wanted.description.trim() || null,
    tags: wanted.tags,
    sources: leavesOut(wanted, plan) ? wanted.sources : [],
    compression: wanted.compression,
    compression_level: wanted.compression ? wanted.level : null,
    verify: wanted.verify,
  };
}
