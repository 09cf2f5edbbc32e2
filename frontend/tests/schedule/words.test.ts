import { beforeAll, describe, expect, it } from "vitest";
import { formOfCron } from "@/features/schedule/cron";
import { describeCron } from "@/features/schedule/ownWords";
import { formatClock, fromMonday, sentenceOf } from "@/features/schedule/words";
import { speak } from "@/i18n/i18n";
import { englishTexts } from "../texts";

const texts = englishTexts();
beforeAll(async () => {
  await speak(texts, "de");
});

/** What is said of an expression; narrow spaces of the locale's times as plain ones. */
function said(expression: string, language: "en" | "de", locale: string): string | null {
  const t = texts.getFixedT(language, "schedule");
  return sentenceOf(formOfCron(expression), t, locale)?.replaceAll("\u202f", " ") ?? null;
}

describe("a rhythm in words", () => {
  it.each([
    ["0 * * * *", "Every hour, on the hour", "Jede Stunde, zur vollen Stunde"],
    ["1 * * * *", "Every hour, one minute past", "Jede Stunde, eine Minute nach der vollen"],
    ["15 * * * *", "Every hour, 15 minutes past", "Jede Stunde, 15 Minuten nach der vollen"],
    ["5 */6 * * *", "Every 6 hours, counted from 12:05 AM", "Alle 6 Stunden, gezählt ab 00:05 Uhr"],
    ["0 14 * * *", "Every day at 2:00 PM", "Jeden Tag um 14:00 Uhr"],
    ["0 2 * * 1-5", "Monday to Friday at 2:00 AM", "Montag bis Freitag um 02:00 Uhr"],
    ["0 2 * * 0,1", "Every Monday and Sunday at 2:00 AM", "Jeden Montag und Sonntag um 02:00 Uhr"],
    ["0 2 * * 0-6", "Every day at 2:00 AM", "Jeden Tag um 02:00 Uhr"],
    ["0 2 3 * *", "On day 3 of every month at 2:00 AM", "Am 3. jedes Monats um 02:00 Uhr"],
    [
      "0 2 L * *",
      "On the last day of every month at 2:00 AM",
      "Am letzten Tag jedes Monats um 02:00 Uhr",
    ],
  ])("%s", (expression, english, german) => {
    expect(said(expression, "en", "en-US")).toBe(english);
    expect(said(expression, "de", "de-DE")).toBe(german);
  });

  it("is said while a time or a day is still missing", () => {
    const t = texts.getFixedT("en", "schedule");
    const form = formOfCron("0 2 * * 1");
    expect(sentenceOf({ ...form, weekdays: [] }, t, "en-US")).toBe("On no day yet");
    expect(formatClock("", "en-US")).toBe("…");
  });

  it("has Monday first and Sunday last", () => {
    expect(fromMonday([0, 6, 1])).toEqual([1, 6, 0]);
  });
});

describe("an own expression in words", () => {
  it("is said in the language of the page", async () => {
    expect(said("*/20 8-18 * * *", "en", "en-US")).toBeNull();
    const english = await describeCron("*/20 8-18 * * *", "en", "en-US");
    expect(english).toMatch(/every 20 minutes/i);
    const german = await describeCron("*/20 8-18 * * *", "de", "de-DE");
    expect(german).toMatch(/alle 20 Minuten/i);
    expect(german).toContain("18:");
  });

  it("is English in a language that is not there", async () => {
    expect(await describeCron("*/20 * * * *", "fr", "fr-FR")).toMatch(/every 20 minutes/i);
  });

  it("is not said where it is none", async () => {
    expect(await describeCron("every night", "en", "en-US")).toBeNull();
  });
});
