import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import {
  countFates,
  effectInWords,
  fateOf,
  isMoreThanUnasked,
  reasonsInWords,
} from "@/features/schedule/reasons";
import { speak } from "@/i18n/i18n";
import { englishTexts } from "../texts";

const texts = englishTexts();
beforeAll(async () => {
  await speak(texts, "de");
});
const german = (...reasons: string[]) => reasonsInWords(reasons, texts.getFixedT("de", "schedule"));

/** All that the server's rules can say, with numbers in the places of their values. */
function saidByServer(): string[] {
  const rules = readFileSync("../src/holdfast/operations/retention_rules.py", "utf8");
  const plan = readFileSync("../src/holdfast/operations/retention.py", "utf8");
  const found = [
    ...rules.matchAll(/(?:append\(|\[|else |return |keep_it": )f?"([a-z{][^"]+)"/g),
    ...plan.matchAll(/_keep\([^"]*"([^"]+)"/g),
  ].map((each) => each[1] ?? "");
  return found
    .map((each) =>
      each
        .replace("{'' if old else 'not '}", "")
        .replace(/\{flaw\}/g, "partial")
        .replace(/\{self\.policy\.keep_within\}/g, "30d")
        .replace(/\{tag\}/g, "release")
        .replace(/\{[^}]+\}/g, "7"),
    )
    .filter((each) => !each.includes("keep_"));
}

describe("a reason", () => {
  it("has words in each language, whatever the server's rules say", () => {
    const reasons = saidByServer();
    expect(reasons.length).toBeGreaterThan(15);
    for (const reason of reasons) expect(german(reason), reason).not.toEqual([reason]);
  });

  it.each([
    ["daily", "täglich"],
    ["last 7", "unter den neuesten 7"],
    ["last 1", "das neueste"],
    ["older than 30 days", "älter als 30 Tage"],
    ["not older than 1 days", "nicht älter als ein Tag"],
    ["beyond the newest 12", "nicht unter den neuesten 12"],
    ["within 30d", "alle der letzten 30 Tage"],
    ["within 1y6m", "alle der letzten 1y6m"],
    ["tag before release", "Schlagwort before release"],
    ["damaged, not older than 7 days", "beschädigt, nicht älter als 7 Tage"],
    [
      "partial, but newer than every complete one",
      "unvollständig, aber neuer als jedes vollständige",
    ],
  ])("%s", (reason, words) => {
    expect(german(reason)).toEqual([words]);
  });

  it("is shown as the server says it where there are no words for it", () => {
    expect(german("a rule of a later version")).toEqual(["a rule of a later version"]);
    expect(german("constructor")).toEqual(["constructor"]);
  });

  it("of a pause tells why the backup would go", () => {
    const reasons = ["retention is paused", "else removed: partial, older than 7 days"];
    expect(german(...reasons)).toEqual(["unvollständig", "älter als 7 Tage"]);
  });
});

describe("what becomes of backups", () => {
  const made = (keep: boolean, ...reasons: string[]) => ({
    backup_id: "b",
    created_at: "2026-01-31T02:00:00Z",
    original_size_bytes: 1,
    keep,
    reasons,
  });

  it("is that they stay, go, or would go if the rules did not pause", () => {
    expect(fateOf(made(true, "daily"))).toBe("stays");
    expect(fateOf(made(false, "no rule keeps it"))).toBe("goes");
    expect(fateOf(made(true, "retention is paused", "else removed: x"))).toBe("paused");
  });

  it("is too much for a scheduled run once more than half would go", () => {
    const [stays, goes] = [made(true, "daily"), made(false, "x")];
    expect(isMoreThanUnasked([stays, goes])).toBe(false);
    expect(isMoreThanUnasked([stays, goes, goes])).toBe(true);
    expect(isMoreThanUnasked([])).toBe(false);
    const failed = made(true, "record of a failed run, nothing is stored of it");
    expect(isMoreThanUnasked([stays, goes, goes, failed])).toBe(true);
  });

  it("is counted and said in one line", () => {
    const decisions = [made(true, "daily"), made(false, "x"), made(false, "x")];
    expect(countFates(decisions)).toEqual({ stays: 1, goes: 2, paused: 0 });
    const preview = { dry_run: true, would_remove: [], paused: null, would_free_bytes: 2_000_000 };
    const t = texts.getFixedT("en", "schedule");
    expect(effectInWords({ ...preview, decisions }, t, "en-US")).toBe(
      "One backup stays, 2 go. About 2 MB become free.",
    );
    const all = [made(true, "daily"), made(true, "retention is paused")];
    expect(effectInWords({ ...preview, decisions: all }, t, "en-US")).toBe("All 2 backups stay.");
  });
});
