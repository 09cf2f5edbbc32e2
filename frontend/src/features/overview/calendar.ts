import type { JobShape } from "@/api/generated/plan";
import { isUnderWay } from "@/backup/jobs";
import { isGood, type Run } from "@/features/overview/runs";
import { dayIn } from "@/format/zones";

/**
 * `gone`: a backup was made, and removed since. `none`: none is kept, and nothing tells why.
 * `before`: earlier than the backups that are known. `ahead`: the day, or its run, is yet to come.
 */
export type DayState = "proven" | "covered" | "gone" | "failed" | "none" | "before" | "ahead";

export interface Day {
  /** As `2026-01-31`, in the plan's time zone. */
  date: string;
  state: DayState;
  /** How many backups of that day are good, how many of these proven. */
  good: number;
  proven: number;
  /** How many runs of that day failed or left something out. */
  flawed: number;
  /** How many backups were made that are no longer kept. */
  gone: number;
  today: boolean;
}

export interface CalendarOptions {
  now: Date;
  timeZone: string;
  weeks: number;
  /** 1 is Monday, 7 is Sunday. */
  firstDay: number;
  /** When the oldest backup that is known was taken. */
  since?: string | null;
  /** When the backups were made that are no longer kept. */
  gone?: readonly string[];
  /** When the schedule makes the next one. */
  nextRun?: string | null;
}

/** What the state of a day is judged by, besides its backups. */
interface Known {
  today: string;
  /** The first day that is known of. */
  first: string;
  /** Whether the run of today is under way, or yet to come. */
  due: boolean;
}

/** Return the weeks up to this one, each with its seven days. */
export function weeksOf(runs: readonly Run[], options: CalendarOptions): Day[][] {
  const dayOf = dayIn(options.timeZone);
  const today = dayOf(options.now);
  const found = byDay(runs, dayOf);
  const gone = (options.gone ?? []).map((at) => dayOf(new Date(at)));
  const oldest = options.since ? dayOf(new Date(options.since)) : today;
  const first = [oldest, ...gone].sort()[0] ?? oldest;
  const next = options.nextRun ? dayOf(new Date(options.nextRun)) : undefined;
  const due = next === today || (found.get(today) ?? []).some(isUnderWay);
  const weekday = (new Date(`${today}T00:00Z`).getUTCDay() + 7 - (options.firstDay % 7)) % 7;
  const start = shift(today, -weekday - 7 * (options.weeks - 1));
  return Array.from({ length: options.weeks }, (_, week) =>
    Array.from({ length: 7 }, (_, day) => {
      const date = shift(start, 7 * week + day);
      const removed = gone.filter((each) => each === date).length;
      return dayWith(date, found.get(date) ?? [], removed, { today, first, due });
    }),
  );
}

function byDay(runs: readonly Run[], dayOf: (instant: Date) => string): Map<string, Run[]> {
  const found = new Map<string, Run[]>();
  for (const run of runs) {
    const date = dayOf(new Date(run.created_at));
    found.set(date, [...(found.get(date) ?? []), run]);
  }
  return found;
}

function dayWith(date: string, runs: readonly Run[], gone: number, known: Known): Day {
  const good = runs.filter(isGood);
  const proven = good.filter((run) => run.verified).length;
  const flawed = runs.filter((run) => isFlawed(run)).length;
  const counts = { good: good.length, proven, flawed, gone };
  return { date, ...counts, today: date === known.today, state: stateOf(date, counts, known) };
}

/** Whether a run that should have covered a day did not. */
function isFlawed(run: Run): boolean {
  if (isUnderWay(run) || run.status === "cancelled") return false;
  return !isGood(run) && run.type !== "pre_restore" && run.only.length === 0;
}

function stateOf(
  date: string,
  { good, proven, flawed, gone }: Pick<Day, "good" | "proven" | "flawed" | "gone">,
  { today, first, due }: Known,
): DayState {
  if (date > today) return "ahead";
  if (proven > 0) return "proven";
  if (good > 0) return "covered";
  if (gone > 0) return "gone";
  if (flawed > 0) return "failed";
  if (date === today && due) return "ahead";
  return date < first ? "before" : "none";
}

/** Return when those backups were made that are no longer kept, as far as jobs tell. */
export function goneOf(jobs: readonly Made[], runs: readonly Run[], since?: string): string[] {
  const kept = new Set(runs.map(({ id }) => id));
  return jobs
    .filter(({ backup_id: id }) => id === null || !kept.has(id))
    .map(({ started_at, created_at }) => started_at ?? created_at)
    .filter((at) => since === undefined || Date.parse(at) > Date.parse(since));
}

/** A job that made a backup. */
export type Made = Pick<JobShape, "backup_id" | "started_at" | "created_at">;

/** How many days are covered, of those since the first backup. */
export function coverageOf(weeks: readonly (readonly Day[])[]): { covered: number; days: number } {
  const past = weeks.flat().filter(({ state }) => state !== "before" && state !== "ahead");
  return { covered: past.filter(({ good }) => good > 0).length, days: past.length };
}

function shift(date: string, days: number): string {
  const moved = new Date(`${date}T00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

/** The first day of the week where the reader is: 1 is Monday, 7 is Sunday. */
export function firstDayFor(locale: string): number {
  const known = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  return (known.getWeekInfo?.() ?? known.weekInfo)?.firstDay ?? 1;
}
