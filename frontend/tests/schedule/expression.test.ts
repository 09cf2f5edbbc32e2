import { expect, it } from "vitest";
import type { ScheduleShape } from "@/api/generated/plan";
import { changeOf, draftOf } from "@/features/schedule/draft";
import { faultOf, spelledOut } from "@/features/schedule/expression";

const BASE = {
  cron: "0 2 * * *",
  timezone: "UTC",
  enabled: true,
  misfire: "run_once",
  retention: {},
} as ScheduleShape;

it.each([
  ["@daily", "0 0 * * *"],
  [" @Hourly ", "0 * * * *"],
  ["@weekly", "0 0 * * 0"],
  ["@monthly", "0 0 1 * *"],
  ["@yearly", "0 0 1 1 *"],
])("%s is sent as the five fields that the server reads", (name, fields) => {
  expect(spelledOut(name)).toBe(fields);
  expect(faultOf(name)).toBeNull();
  const draft = draftOf(BASE);
  const changed = { ...draft, cron: { ...draft.cron, rhythm: "own" as const, expression: name } };
  expect(changeOf(changed, BASE)?.cron).toBe(fields);
});

it.each([
  ["0 2 * *", "count"],
  ["", "count"],
  ["@often", "count"],
  ["60 2 * * *", "minute"],
  ["0 24 * * *", "hour"],
  ["0 2 0 * *", "day"],
  ["0 2 32 * *", "day"],
  ["0 2 * 13 *", "month"],
  ["0 2 * * 8", "weekday"],
  ["*/0 2 * * *", "minute"],
  ["1, 2 * * *", "minute"],
])("what cannot be read is found before the server is asked: %s", (expression, fault) => {
  expect(faultOf(expression)).toBe(fault);
  const draft = draftOf(BASE);
  const changed = { ...draft, cron: { ...draft.cron, rhythm: "own" as const, expression } };
  expect(changeOf(changed, BASE)).toBeNull();
});

it.each(["*/15 8-18 * * MON-fri", "0 2 L * *", "0 2 * * 1#2", "5,10 0 1-7 jan *", "0 2 * * 5L"])(
  "what may be right is left to the server: %s",
  (expression) => expect(faultOf(expression)).toBeNull(),
);
