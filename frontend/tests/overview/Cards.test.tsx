// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, test } from "vitest";
import type { HealthShape, ScheduleShape, StatsShape } from "@/api/generated/plan";
import { unusedOf } from "@/backup/unused";
import { Cards } from "@/features/overview/Cards";
import type { Run } from "@/features/overview/runs";
import { speak } from "@/i18n/i18n";
import { AccessContext, type Permission } from "@/parts/access";
import { englishTexts } from "../texts";

afterEach(cleanup);

const STATS: StatsShape = {
  total_backups: 1,
  verified_backups: 0,
  failed_backups: 0,
  total_size_bytes: 26_812_345,
  stored_size_bytes: 1_912_345,
  average_size_bytes: 26_812_345,
  compression_ratio: 3.94,
  dedup_ratio: 1,
  unused_size_bytes: 0,
  oldest_at: null,
  newest_at: null,
};

const SCHEDULE = {
  enabled: true,
  timezone: "UTC",
  retention: { keep_daily: 7 },
} as unknown as ScheduleShape;

async function shown(changed: Partial<StatsShape>, jobs: string[] = [], may?: Permission[]) {
  const texts = englishTexts();
  await speak(texts, "en");
  const health = { running_jobs: jobs, last_success_at: null } as unknown as HealthShape;
  const latest = { id: "b", original_size_bytes: 1_512_345, duration_s: 0.4321 } as Run;
  const stats = { ...STATS, ...changed };
  const cards = <Cards stats={stats} health={health} schedule={SCHEDULE} latest={latest} />;
  render(
    <I18nextProvider i18n={texts}>
      <MantineProvider env="test">
        {may ? <AccessContext value={new Set(may)}>{cards}</AccessContext> : cards}
      </MantineProvider>
    </I18nextProvider>,
  );
  return document.body.textContent ?? "";
}

const LEFT = { stored_size_bytes: 236_912_345, unused_size_bytes: 235_000_000 };

test("what a cancelled backup left is said apart, with the way to free it, and is no share", async () => {
  const text = await shown({ total_size_bytes: 1_512_345, ...LEFT });
  expect(text).toContain("occupies 237 MB235 MB of it belong to no backup: Prune frees it");
  expect(text).not.toContain("%");
  expect(screen.getByRole("link", { name: "Prune frees it" }).getAttribute("href")).toBe(
    "/repository",
  );
});

test("what a backup that is being made has stored so far belongs to it", async () => {
  expect(await shown(LEFT, ["j"])).not.toContain("no backup");
});

test("what a prune would leave is not worth a word, nor is what is not known", () => {
  expect(unusedOf({ stored_size_bytes: 105, unused_size_bytes: 5 })).toBe(0);
  expect(unusedOf({ stored_size_bytes: 106, unused_size_bytes: 6 })).toBe(6);
  expect(unusedOf({ stored_size_bytes: 106, unused_size_bytes: null })).toBe(0);
});

test.each([
  ["1.9 MB", "1,912,345 bytes"],
  ["7%", "7.13%"],
  ["1.5 MB", "1,512,345 bytes"],
  ["0.4 sec", "0.432 seconds"],
  ["3.9×", "3.94×"],
])("%s is told exactly on hover", async (rounded, exact) => {
  await shown({});
  fireEvent.mouseEnter(screen.getByText(rounded));
  expect((await screen.findByRole("tooltip", {}, { timeout: 30_000 })).textContent).toBe(exact);
});

test("who may not change the retention is not told to", async () => {
  expect(await shown({}, [], ["read"])).toContain("See");
  cleanup();
  expect(await shown({})).toContain("Change");
});
