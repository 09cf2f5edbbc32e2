// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act, cleanup, render, renderHook, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, test } from "vitest";
import { SelectionBar } from "@/features/backups/SelectionBar";
import { chosenOf, useSelection } from "@/features/backups/useSelection";
import { englishTexts } from "../texts";
import { backupOf } from "./backup";

afterEach(cleanup);

const FIRST = [backupOf(4), backupOf(3)];
const SECOND = [backupOf(2), backupOf(1, { status: "failed" })];

const selected = () => renderHook(useSelection, { initialProps: FIRST });
type Selected = ReturnType<typeof selected>;
const ids = ({ result }: Selected) => result.current.chosen.map(({ id }) => id);

test("what is chosen stays so on other pages, and all of it is acted on", () => {
  const hook = selected();
  act(() => hook.result.current.toggleAll());
  hook.rerender(SECOND);
  expect(ids(hook)).toEqual(FIRST.map(({ id }) => id));
  expect(hook.result.current.here).toEqual([]);
  act(() => hook.result.current.toggleAll());
  expect(hook.result.current.chosen).toEqual([...FIRST, backupOf(2)]);
  hook.rerender([]);
  expect(hook.result.current.chosen).toHaveLength(3);
  act(() => hook.result.current.clear());
  expect(ids(hook)).toEqual([]);
});

test("all of a page are taken back without those of another", () => {
  const hook = selected();
  act(() => hook.result.current.toggleAll());
  hook.rerender(SECOND);
  act(() => hook.result.current.toggleAll());
  act(() => hook.result.current.toggleAll());
  expect(ids(hook)).toEqual(FIRST.map(({ id }) => id));
});

test("one that was deleted is chosen no more, one that changed is as it is now", () => {
  const known = new Map(FIRST.map((each) => [each.id, each]));
  const now = backupOf(3, { keep: true });
  expect(chosenOf(known, [now], new Set([backupOf(4).id]))).toEqual([now]);
});

test("how many are chosen elsewhere is said", async () => {
  const texts = englishTexts();
  const hook = selected();
  act(() => hook.result.current.toggleAll());
  hook.rerender(SECOND);
  render(
    <I18nextProvider i18n={texts}>
      <MantineProvider>
        <SelectionBar selection={hook.result.current} />
      </MantineProvider>
    </I18nextProvider>,
  );
  const bar = screen.getByRole("region", { name: "Chosen backups" });
  expect(bar.textContent).toContain("2 selected, 2 not on this page");
});
