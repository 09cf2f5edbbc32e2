/** How often backups are made, in the ways that people say it; `own` is any other expression. */
export const RHYTHMS = ["hourly", "hours", "daily", "weekly", "monthly", "own"] as const;
export type Rhythm = (typeof RHYTHMS)[number];

/** Steps that fill a day evenly; after others, cron begins anew at midnight. */
export const HOUR_STEPS = [2, 3, 4, 6, 8, 12] as const;

/** What the form of a rhythm holds; each rhythm uses some of it, and the rest stays for later. */
export interface CronForm {
  rhythm: Rhythm;
  /** Minute past the hour, for `hourly` and `hours`. */
  minute: number;
  /** Of `hours`. */
  every: number;
  /** `HH:MM`, for those of a day. */
  time: string;
  /** Of `weekly`; 0 is Sunday. */
  weekdays: number[];
  /** Of `monthly`; `L` is the last. */
  day: number | "L";
  /** Of `own`. */
  expression: string;
}

const START: Omit<CronForm, "rhythm" | "expression"> = {
  minute: 0,
  every: 6,
  time: "02:00",
  weekdays: [1, 2, 3, 4, 5],
  day: 1,
};
const NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const CLOCK = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** Read an expression into the form; what the form has no words for is `own`. */
export function formOfCron(expression: string): CronForm {
  const own: CronForm = { ...START, rhythm: "own", expression };
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) return own;
  const [minute = "", hour = "", day = "", month, weekday = ""] = fields;
  const at = wholeOf(minute, 0, 59);
  if (at === null || month !== "*") return own;
  const found = rhythmOf(at, hour, day, weekday);
  return found === null ? own : { ...own, ...found };
}

function rhythmOf(
  minute: number,
  hour: string,
  day: string,
  weekday: string,
): Partial<CronForm> | null {
  const everyDay = day === "*" && weekday === "*";
  if (everyDay && (hour === "*" || hour === "*/1")) return { rhythm: "hourly", minute };
  const every = HOUR_STEPS.find((step) => hour === `*/${step}`);
  if (everyDay && every !== undefined) return { rhythm: "hours", minute, every };
  const hours = wholeOf(hour, 0, 23);
  if (hours === null) return null;
  const time = `${two(hours)}:${two(minute)}`;
  if (everyDay) return { rhythm: "daily", time };
  if (day === "*") {
    const weekdays = weekdaysOf(weekday);
    return weekdays && { rhythm: "weekly", time, weekdays };
  }
  const ofMonth = day.toUpperCase() === "L" ? "L" : wholeOf(day, 1, 31);
  return weekday === "*" && ofMonth !== null ? { rhythm: "monthly", time, day: ofMonth } : null;
}

/** Write the expression of a form; null while something is missing. */
export function cronOfForm(form: CronForm): string | null {
  const { rhythm, minute, every, weekdays, day } = form;
  if (rhythm === "own") return form.expression.trim() || null;
  if (rhythm === "hourly") return `${minute} * * * *`;
  if (rhythm === "hours") return `${minute} */${every} * * *`;
  const clock = CLOCK.exec(form.time);
  if (clock === null) return null;
  const at = `${Number(clock[2])} ${Number(clock[1])}`;
  if (rhythm === "daily") return `${at} * * *`;
  if (rhythm === "monthly") return `${at} ${day} * *`;
  return weekdays.length === 0 ? null : `${at} * * ${weekdayField(weekdays)}`;
}

/** The expression to keep: as it was spelled, unless the form says something else by now. */
export function cronToKeep(form: CronForm, spelled: string): string | null {
  const wanted = cronOfForm(form);
  return wanted === cronOfForm(formOfCron(spelled)) ? spelled : wanted;
}

/** Turn to another rhythm; the own expression begins as what was chosen before. */
export function withRhythm(form: CronForm, rhythm: Rhythm): CronForm {
  if (rhythm !== "own") return { ...form, rhythm };
  return { ...form, rhythm, expression: cronOfForm(form) ?? form.expression };
}

/** The days of a field such as `1-5`, `mon,thu` or `6,7`; null if it says more than that. */
function weekdaysOf(field: string): number[] | null {
  const days = new Set<number>();
  for (const part of field.toLowerCase().split(",")) {
    const ends = part.split("-").map(weekdayOf);
    const [first, last = first] = ends;
    if (ends.length > 2 || first == null || last == null || last < first) return null;
    for (let each = first; each <= last; each++) days.add(each % 7);
  }
  return [...days].sort((a, b) => a - b);
}

function weekdayOf(name: string): number | null {
  const index = NAMES.indexOf(name);
  return index >= 0 ? index : wholeOf(name, 0, 7);
}

/** Three and more days in a row are written as a range. */
function weekdayField(weekdays: readonly number[]): string {
  const days = [...new Set(weekdays)].sort((a, b) => a - b);
  if (days.length === 7) return "*";
  const runs: number[][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run?.at(-1) === day - 1) run.push(day);
    else runs.push([day]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(","))).join(",");
}

function wholeOf(text: string, least: number, most: number): number | null {
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : null;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
