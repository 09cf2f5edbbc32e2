import type { Misfire, ScheduleChange, ScheduleShape } from "@/api/generated/plan";
import { type CronForm, cronOfForm, cronToKeep, formOfCron } from "@/features/schedule/cron";
import { faultOf, spelledOut } from "@/features/schedule/expression";
import {
  formOfPolicy,
  isSamePolicy,
  type PolicyForm,
  policyOfForm,
} from "@/features/schedule/policy";

/** The schedule as it stands in the form. */
export interface Draft {
  cron: CronForm;
  timezone: string;
  enabled: boolean;
  misfire: Misfire;
  policy: PolicyForm;
}

/** A part of the schedule that was changed and is not saved. */
export type Part = "schedule" | "retention";

export function draftOf(schedule: ScheduleShape): Draft {
  const { timezone, enabled, misfire } = schedule;
  const [cron, policy] = [formOfCron(schedule.cron), formOfPolicy(schedule.retention)];
  return { cron, timezone, enabled, misfire, policy };
}

/** What to send for a draft; null while something is missing. */
export function changeOf(draft: Draft, base: ScheduleShape): ScheduleChange | null {
  const cron = cronToKeep(draft.cron, base.cron);
  if (cron === null || faultOf(cron) !== null) return null;
  const { timezone, enabled, misfire } = draft;
  const retention = policyOfForm(draft.policy);
  return { cron: spelledOut(cron), timezone, enabled, misfire, retention };
}

/** The parts in which a draft differs from what it began with. */
export function changedParts(draft: Draft, base: ScheduleShape): Part[] {
  const parts: Part[] = [];
  const same =
    cronOfForm(draft.cron) === cronOfForm(formOfCron(base.cron)) &&
    draft.timezone === base.timezone &&
    draft.enabled === base.enabled &&
    draft.misfire === base.misfire;
  if (!same) parts.push("schedule");
  if (!isSamePolicy(policyOfForm(draft.policy), base.retention)) parts.push("retention");
  return parts;
}

/** The field that the server's refusal of a schedule is about, and its words without the name. */
export function refusalOf(message: string): { field: "cron" | "timezone"; message: string } | null {
  const [, name, rest] = /^(schedule|timezone): (.+)$/s.exec(message) ?? [];
  if (!name || !rest) return null;
  return { field: name === "schedule" ? "cron" : "timezone", message: rest };
}
