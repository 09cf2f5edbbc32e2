import { beforeAll, describe, expect, it } from "vitest";
import {
  formOfPolicy,
  isEmptyPolicy,
  isSamePolicy,
  isWhole,
  PRESETS,
  policyOfForm,
  withUnit,
} from "@/features/schedule/policy";
import { policyLine, rulesInWords } from "@/features/schedule/policyWords";
import { speak } from "@/i18n/i18n";
import { englishTexts } from "../texts";

const OFF = policyOfForm(formOfPolicy({}));
const texts = englishTexts();
beforeAll(async () => {
  await speak(texts, "de");
});

describe("rules", () => {
  it.each([
    {},
    { keep_last: 3, keep_hourly: 24, keep_daily: 7, keep_weekly: 4 },
    { keep_monthly: 12, keep_yearly: 5, keep_tags: ["release", "audit"] },
    { keep_within: "30d", retention_days: 90, max_backups: 50 },
    { keep_within: "1y6m" },
  ])("are the same after they were in the form: %j", (policy) => {
    expect(policyOfForm(formOfPolicy(policy))).toEqual({ ...OFF, ...policy });
  });

  it("know a limit of none and no limit as the same", () => {
    expect(policyOfForm(formOfPolicy({ retention_days: 0, max_backups: 0 }))).toMatchObject({
      retention_days: null,
      max_backups: null,
    });
    expect(isSamePolicy({ retention_days: 0 }, { retention_days: null })).toBe(true);
    expect(isSamePolicy({ keep_daily: 7 }, { keep_daily: 8 })).toBe(false);
    expect(isSamePolicy({ keep_within: "0d" }, { keep_within: null })).toBe(true);
    expect(isSamePolicy({ keep_tags: ["a"] }, {})).toBe(false);
  });

  it("are empty only where none is set", () => {
    expect(isEmptyPolicy(OFF)).toBe(true);
    for (const preset of Object.values(PRESETS)) expect(isEmptyPolicy(preset)).toBe(false);
    expect(isEmptyPolicy({ ...OFF, keep_tags: ["a"] })).toBe(false);
  });
});

describe("the span in which all stay", () => {
  it("is a number of a unit, or as it is spelled", () => {
    expect(formOfPolicy({ keep_within: "36h" }).within).toMatchObject({ amount: 36, unit: "h" });
    expect(formOfPolicy({ keep_within: "1y6m" }).within).toMatchObject({ unit: "own" });
    expect(formOfPolicy({}).within).toMatchObject({ amount: 0, unit: "d" });
  });

  it("stays as it is when it is to be spelled, and when it can be counted again", () => {
    const days = formOfPolicy({ keep_within: "30d" }).within;
    const spelled = withUnit(days, "own");
    expect(spelled).toMatchObject({ unit: "own", spelled: "30d" });
    expect(withUnit(spelled, "m")).toMatchObject({ unit: "m", amount: 30 });
    expect(withUnit({ ...spelled, spelled: "1y6m" }, "m")).toMatchObject({ amount: 0 });
  });
});

describe("a span that is spelled", () => {
  const whole = (spelled: string) =>
    isWhole({ ...formOfPolicy({}), within: { amount: 0, unit: "own", spelled } });

  it.each(["1y6m7d12h", "30d", " 2h1d ", ""])("may be %j", (spelled) => {
    expect(whole(spelled)).toBe(true);
  });

  it.each(["1x", "d", "30", "1d2d", "-1d", "1.5d", "1 d"])("may not be %j", (spelled) => {
    expect(whole(spelled)).toBe(false);
  });
});

describe("rules in words", () => {
  const en = texts.getFixedT("en", "schedule");

  it("name the reasons to keep before the limits", () => {
    const policy = { retention_days: 90, keep_daily: 7, keep_within: "2d", keep_tags: ["release"] };
    expect(rulesInWords(policy, en)).toEqual([
      "one of each day, for 7 days",
      "all of the last 2 days",
      "all tagged release",
      "those not older than 90 days",
    ]);
  });

  it("are one sentence, in each language", () => {
    const policy = { keep_last: 1, keep_monthly: 12, keep_within: "1y6m" };
    expect(policyLine(policy, en, "en-GB")).toBe(
      "Kept: the newest one, one of each month, for 12 months and all of the last 1y6m.",
    );
    expect(policyLine(policy, texts.getFixedT("de", "schedule"), "de-DE")).toBe(
      "Es bleiben: das neueste, eines je Monat, 12 Monate lang und alle der letzten 1y6m.",
    );
    expect(policyLine({}, en, "en-GB")).toMatch(/^No rule is set/);
  });
});
