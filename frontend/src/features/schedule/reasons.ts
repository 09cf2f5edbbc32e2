import type { TFunction } from "i18next";
import type { CleanupDecision, CleanupPreview } from "@/api/generated/plan";
import { withinOf } from "@/features/schedule/policy";
import { formatBytes } from "@/format/numbers";

type Words = TFunction<"schedule">;

/** What becomes of a backup; `paused`: it stays only because the rules pause. */
export type Fate = "stays" | "goes" | "paused";

const PAUSED = "retention is paused";
const ELSE_REMOVED = /^else removed: (.+)$/;

const FIXED = {
  "marked to be kept": "kept",
  "needed by undo": "undo",
  hourly: "hourly",
  daily: "daily",
  weekly: "weekly",
  monthly: "monthly",
  yearly: "yearly",
  "last complete": "lastComplete",
  "last verified": "lastVerified",
  "no rule keeps it": "noRule",
  "newest safety backups": "safetyNewest",
  "last verified safety backup": "safetyVerified",
  "dated in the future": "future",
  "record of a failed run, nothing is stored of it": "failedRun",
  "the policy has no rules": "noRules",
  "there is no complete backup": "noComplete",
  damaged: "damaged",
  "failed its verification": "disproven",
  partial: "partial",
  "of parts of the plan": "parts",
} as const;

const COUNTED = [
  [/^last (\d+)$/, "newest"],
  [/^older than (\d+) days$/, "older"],
  [/^not older than (\d+) days$/, "notOlder"],
  [/^beyond the newest (\d+)$/, "beyond"],
  [/^among the newest (\d+)$/, "among"],
  [/^safety backup older than (\d+) days$/, "safetyOlder"],
  [/^safety backup not older than (\d+) days$/, "safetyYoung"],
] as const;

const FLAWED = [
  [/^(.+), but newer than every complete one$/, "flawNewer"],
  [/^(.+) and older than every complete one that stays$/, "flawOlder"],
  [/^(.+), not older than (\d+) days$/, "flawYoung"],
] as const;

/** What the rules make of a backup. */
export function fateOf({ keep, reasons }: Pick<CleanupDecision, "keep" | "reasons">): Fate {
  if (!keep) return "goes";
  return reasons.includes(PAUSED) ? "paused" : "stays";
}

/** Say why, in the page's language; what the server says otherwise is shown as it says it. */
export function reasonsInWords(reasons: readonly string[], t: Words): string[] {
  return reasons
    .filter((reason) => reason !== PAUSED)
    .flatMap((reason) => {
      const otherwise = ELSE_REMOVED.exec(reason)?.[1];
      return otherwise === undefined ? [reason] : otherwise.split(", ");
    })
    .map((reason) => inWords(reason, t));
}

function inWords(reason: string, t: Words): string {
  if (isFixed(reason)) return t(`reason.${FIXED[reason]}`);
  for (const [pattern, key] of COUNTED) {
    const found = pattern.exec(reason);
    if (found) return t(`reason.${key}`, { count: Number(found[1]) });
  }
  for (const [pattern, key] of FLAWED) {
    const found = pattern.exec(reason);
    if (!found) continue;
    const count = Number(found[2] ?? 0);
    return t(`reason.${key}`, { flaw: inWords(found[1] ?? "", t), count });
  }
  const [, span] = /^within (\S+)$/.exec(reason) ?? [];
  if (span) return spanInWords(span, t);
  const [, tag] = /^tag (.+)$/.exec(reason) ?? [];
  return tag ? t("reason.tag", { tag }) : reason;
}

function isFixed(reason: string): reason is keyof typeof FIXED {
  return Object.hasOwn(FIXED, reason);
}

/** How many backups have each fate. */
export function countFates(decisions: readonly CleanupDecision[]): Record<Fate, number> {
  const counts: Record<Fate, number> = { stays: 0, goes: 0, paused: 0 };
  for (const each of decisions) counts[fateOf(each)]++;
  return counts;
}

function spanInWords(span: string, t: Words): string {
  const { amount, unit } = withinOf(span);
  return unit === "own"
    ? t("rule.withinOwn", { span })
    : t(`rule.within.${unit}`, { count: amount });
}

/** Say what rules do to the backups there are. */
export function effectInWords(preview: CleanupPreview, t: Words, locale: string): string {
  const { stays, goes, paused } = countFates(preview.decisions);
  if (goes === 0) return t("simulator.allStay", { count: stays + paused });
  const [stay, go] = [t("simulator.stay", { count: stays }), t("simulator.go", { count: goes })];
  return t("simulator.summary", { stay, go, size: formatBytes(preview.would_free_bytes, locale) });
}

/** Of how many of the backups a scheduled run removes none at all: a person must look first. */
const MOST_REMOVED_SHARE = 0.5;

/** What the server does not count among the backups of which a share would go. */
const UNCOUNTED = ["record of a failed run, nothing is stored of it", "dated in the future"];

/** Whether rules would remove more at once than a scheduled run does unasked. */
export function isMoreThanUnasked(decisions: readonly CleanupDecision[]): boolean {
  const isCounted = ({ reasons }: CleanupDecision) =>
    !UNCOUNTED.some((each) => reasons.includes(each));
  return countFates(decisions).goes > decisions.filter(isCounted).length * MOST_REMOVED_SHARE;
}
