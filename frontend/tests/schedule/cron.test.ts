import { describe, expect, it } from "vitest";
import { cronOfForm, cronToKeep, formOfCron, withRhythm } from "@/features/schedule/cron";

const UNDERSTOOD: ReadonlyArray<[string, object]> = [
  ["0 * * * *", { rhythm: "hourly", minute: 0 }],
  ["15 */1 * * *", { rhythm: "hourly", minute: 15 }],
  ["30 */6 * * *", { rhythm: "hours", every: 6, minute: 30 }],
  ["0 2 * * *", { rhythm: "daily", time: "02:00" }],
  ["05 23 * * *", { rhythm: "daily", time: "23:05" }],
  ["0 8 * * 1-5", { rhythm: "weekly", time: "08:00", weekdays: [1, 2, 3, 4, 5] }],
  ["0 8 * * MON,thu", { rhythm: "weekly", weekdays: [1, 4] }],
  ["0 8 * * 6-7", { rhythm: "weekly", weekdays: [0, 6] }],
  ["0 8 * * 7", { rhythm: "weekly", weekdays: [0] }],
  ["0 3 31 * *", { rhythm: "monthly", time: "03:00", day: 31 }],
  ["0 3 L * *", { rhythm: "monthly", day: "L" }],
  ["  0  2 *  * * ", { rhythm: "daily", time: "02:00" }],
];

const OWN = [
  "*/15 * * * *",
  "0 */5 * * *",
  "0 0,12 * * *",
  "0 2 1 * 1",
  "0 2 * 6 *",
  "0 2 * * 1#2",
  "0 2 * * 5-1",
  "0 2 * * 1-3-5",
  "0 2 * * 8",
  "0 2 1,15 * *",
  "0 2 32 * *",
  "60 2 * * *",
  "0 24 * * *",
  "0 */6 1 * *",
  "0 2 * *",
  "0 0 2 * * *",
  "@daily",
  "",
];

describe("an expression", () => {
  it.each(UNDERSTOOD)("is understood: %s", (expression, form) => {
    expect(formOfCron(expression)).toMatchObject(form);
  });

  it.each(OWN)("is kept as it is where the form has no words for it: %s", (expression) => {
    const form = formOfCron(expression);
    expect(form).toMatchObject({ rhythm: "own", expression });
    expect(cronOfForm(form)).toBe(expression.trim() || null);
  });

  it.each(UNDERSTOOD)("means the same when it is written again: %s", (expression) => {
    const form = formOfCron(expression);
    const written = cronOfForm(form) ?? "";
    expect({ ...formOfCron(written), expression: "" }).toEqual({ ...form, expression: "" });
  });

  it.each([...UNDERSTOOD.map(([expression]) => expression), ...OWN])(
    "keeps its spelling while nothing else is chosen: %s",
    (expression) => {
      expect(cronToKeep(formOfCron(expression), expression)).toBe(expression);
    },
  );

  it("is spelled anew once something else is chosen", () => {
    const form = { ...formOfCron("00 02 * * *"), time: "03:30" };
    expect(cronToKeep(form, "00 02 * * *")).toBe("30 3 * * *");
  });
});

describe("the form", () => {
  const form = formOfCron("0 2 * * *");

  it("writes days in a row as a range", () => {
    const written = (weekdays: number[]) => cronOfForm({ ...form, rhythm: "weekly", weekdays });
    expect(written([1, 2, 3, 4, 5])).toBe("0 2 * * 1-5");
    expect(written([6, 0])).toBe("0 2 * * 0,6");
    expect(written([1, 2])).toBe("0 2 * * 1,2");
    expect(written([5, 1, 2, 3])).toBe("0 2 * * 1-3,5");
    expect(written([0, 1, 2, 3, 4, 5, 6])).toBe("0 2 * * *");
  });

  it("has no expression while something is missing", () => {
    expect(cronOfForm({ ...form, rhythm: "weekly", weekdays: [] })).toBeNull();
    expect(cronOfForm({ ...form, time: "" })).toBeNull();
    expect(cronOfForm({ ...form, time: "25:00" })).toBeNull();
    expect(cronOfForm({ ...form, rhythm: "own", expression: "  " })).toBeNull();
  });

  it("keeps what was chosen when the rhythm changes, there and back", () => {
    const weekly = withRhythm({ ...form, weekdays: [2], time: "04:15" }, "weekly");
    expect(withRhythm(withRhythm(weekly, "hourly"), "weekly")).toEqual(weekly);
  });

  it("begins an own expression as what was chosen before", () => {
    const weekly = { ...form, rhythm: "weekly" as const, weekdays: [2] };
    expect(withRhythm(weekly, "own").expression).toBe("0 2 * * 2");
    expect(withRhythm({ ...weekly, weekdays: [] }, "own").expression).toBe("0 2 * * *");
  });
});
