// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { parseView, queryOf } from "@/features/backups/view";
import { addressOfDay } from "@/features/overview/addresses";
import { Calendar } from "@/features/overview/Calendar";
import { weeksOf } from "@/features/overview/calendar";
import { englishTexts } from "../texts";
import { run } from "./run";

afterEach(cleanup);

let place: ReturnType<typeof memoryLocation>;

beforeEach(() => {
  place = memoryLocation({ path: "/", record: true });
  const weeks = weeksOf([run("2026-01-30T02:00:00Z")], {
    now: new Date("2026-01-31T12:00:00Z"),
    timeZone: "Pacific/Kiritimati",
    weeks: 2,
    firstDay: 1,
  });
  render(
    <I18nextProvider i18n={englishTexts()}>
      <MantineProvider>
        <Router hook={place.hook}>
          <Calendar weeks={weeks} timeZone="Pacific/Kiritimati" />
        </Router>
      </MantineProvider>
    </I18nextProvider>,
  );
});

const day = (name: RegExp) => screen.getByRole("gridcell", { name });
const LISTED = "/backups?from=2026-01-30&to=2026-01-30&zone=Pacific%2FKiritimati";

test("a click on a day lists its backups", () => {
  fireEvent.click(day(/Jan 30/));
  expect(place.history.at(-1)).toBe(LISTED);
});

test("so does the keyboard", () => {
  const chosen = day(/Jan 30/);
  fireEvent.focus(chosen);
  fireEvent.keyDown(chosen, { key: "Enter" });
  expect(place.history.at(-1)).toBe(LISTED);
});

test("a day without backups leads nowhere", () => {
  fireEvent.click(day(/Jan 29/));
  expect(place.history).toEqual(["/"]);
});

test("the list shows the same day as the calendar counts, wherever the reader is", () => {
  const query = queryOf(
    parseView(addressOfDay("2026-01-30", "Pacific/Kiritimati").split("?")[1] ?? ""),
  );
  expect(query.from).toBe("2026-01-29T10:00:00.000Z");
  expect(query.to).toBe("2026-01-30T10:00:00.000Z");
});

test("a day of the reader's own zone needs no zone", () => {
  const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(addressOfDay("2026-01-30", own)).toBe("/backups?from=2026-01-30&to=2026-01-30");
});
