// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, test } from "vitest";
import { isKnownZone, midnightIn, shownZone } from "@/format/zones";
import { When } from "@/parts/Values";
import { englishTexts } from "../texts";

afterEach(cleanup);

test("times are shown in the plan's zone, or in UTC where the browser does not know it", () => {
  expect(shownZone("Europe/Berlin")).toBe("Europe/Berlin");
  expect(isKnownZone("Mars/Olympus")).toBe(false);
  expect(shownZone("Mars/Olympus")).toBe("UTC");
});

test.each(["ago", "short"] as const)("a zone that is not known stops no page: %s", (as) => {
  render(
    <I18nextProvider i18n={englishTexts()}>
      <MantineProvider>
        <When at="2026-01-31T02:00:00Z" as={as} timeZone="Mars/Olympus" />
      </MantineProvider>
    </I18nextProvider>,
  );
  expect(screen.getByText(/./, { selector: "time" })).toBeDefined();
});

test.each([
  ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
  ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
  ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00.000Z"],
  ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
  ["2026-01-01", "America/Los_Angeles", "2026-01-01T08:00:00.000Z"],
  ["2026-01-01", "Asia/Kathmandu", "2025-12-31T18:15:00.000Z"],
  ["2026-01-01", "UTC", "2026-01-01T00:00:00.000Z"],
])("%s begins in %s at %s", (day, zone, at) => {
  expect(midnightIn(day, 0, zone).toISOString()).toBe(at);
});
