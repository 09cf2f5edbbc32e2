// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, test } from "vitest";
import type { HealthShape } from "@/api/generated/plan";
import { Standing } from "@/features/overview/Standing";
import { type Language, speak } from "@/i18n/i18n";
import { englishTexts } from "../texts";

afterEach(cleanup);

/** Return how a plan stands that was backed up a moment ago and never proven. */
function health(changed: Partial<HealthShape> = {}): HealthShape {
  return {
    status: "ok",
    findings: [],
    last_success_id: "b",
    last_success_at: new Date().toISOString(),
    last_verified_id: null,
    last_verified_at: null,
    last_proof_at: null,
    ...changed,
  } as HealthShape;
}

/** Return noon some days ago, where the reader is. */
function daysBefore(days: number): string {
  const noon = new Date();
  noon.setHours(12, 0, 0, 0);
  noon.setDate(noon.getDate() - days);
  return noon.toISOString();
}

async function shown(found: HealthShape, asOf?: Date, language: Language = "en") {
  const texts = englishTexts();
  await speak(texts, language);
  render(
    <I18nextProvider i18n={texts}>
      <MantineProvider>
        <Standing health={found} tone="ok" asOf={asOf} />
      </MantineProvider>
    </I18nextProvider>,
  );
  return screen.getByRole("region");
}

test("what the server tells now is told as it is", async () => {
  const region = await shown(health());
  expect(screen.getByRole("heading").textContent).toBe("Protected");
  expect(region.dataset.tone).toBe("ok");
});

test("what it told before it fell silent is said to be of then, and is not green", async () => {
  const region = await shown(health(), new Date("2026-01-31T12:00:00Z"));
  expect(screen.getByRole("heading").textContent).toMatch(/^As of Jan 31, 2026.*: Protected$/);
  expect(region.textContent).toContain("The server has not answered since.");
  expect(region.dataset.tone).toBe("old");
});

test.each<[Language, string]>([
  ["en", "Last backup just now. The one of November 20 was proven restorable 3 days ago."],
  [
    "de",
    "Letztes Backup gerade eben. Das vom 20. November ist nachweislich wiederherstellbar, geprüft vor 3 Tagen.",
  ],
])("the last backup and the proven one are two sentences: %s", async (language, said) => {
  const proven = {
    last_verified_id: "a",
    last_verified_at: "2025-11-20T12:00:00Z",
    last_proof_at: daysBefore(3),
  };
  const region = await shown(health(proven), undefined, language);
  expect(region.textContent).toContain(said);
});

test("a proven backup of the same day is told from the last by its time", async () => {
  const at = "2025-11-20T12:00:00Z";
  const proven = { last_success_at: at, last_verified_id: "a", last_verified_at: at };
  const region = await shown(health(proven));
  expect(region.textContent).toMatch(/The one of November 20.* \d+:\d\d/);
});
