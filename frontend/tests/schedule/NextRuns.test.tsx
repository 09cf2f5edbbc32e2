// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, test } from "vitest";
import { RunTime } from "@/features/schedule/NextRuns";
import { englishTexts } from "../texts";

afterEach(cleanup);

function shown(at: string): HTMLElement {
  render(
    <I18nextProvider i18n={englishTexts()}>
      <MantineProvider env="test">
        <RunTime at={at} timezone="Asia/Tokyo" />
      </MantineProvider>
    </I18nextProvider>,
  );
  return screen.getByRole("time");
}

const YEAR = Number(
  new Intl.DateTimeFormat("en", { year: "numeric", timeZone: "Asia/Tokyo" }).format(),
);

test("a run of another year names it, one of this year does not", () => {
  expect(shown(`${YEAR + 1}-02-03T01:00:00Z`).textContent).toContain(`${YEAR + 1}`);
  cleanup();
  expect(shown(`${YEAR}-06-03T01:00:00Z`).textContent).not.toContain(`${YEAR}`);
});

test("the year is that of the schedule's zone", () => {
  expect(shown(`${YEAR}-12-31T20:00:00Z`).textContent).toContain(`${YEAR + 1}`);
});

test("a run is told to the second on hover, with its zone", async () => {
  const run = shown(`${YEAR + 1}-02-03T01:00:00Z`).closest("p");
  if (run) fireEvent.mouseEnter(run);
  const exact = (await screen.findByRole("tooltip", {}, { timeout: 30_000 })).textContent;
  expect(exact).toMatch(/10:00:00.*GMT\+9/);
});
