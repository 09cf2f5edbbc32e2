// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act, cleanup, fireEvent, render, renderHook, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ActionButton } from "@/parts/ActionButton";
import { AccessContext } from "@/parts/access";
import { useOnce } from "@/parts/useOnce";
import { englishTexts } from "../texts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it("a double click on an action does it once, a later click does it again", () => {
  const onClick = vi.fn();
  render(
    <I18nextProvider i18n={englishTexts()}>
      <MantineProvider env="test">
        <AccessContext value={new Set(["run"])}>
          <ActionButton needs="run" onClick={onClick}>
            Go
          </ActionButton>
        </AccessContext>
      </MantineProvider>
    </I18nextProvider>,
  );
  const button = screen.getByText("Go");
  fireEvent.click(button);
  fireEvent.click(button);
  expect(onClick).toHaveBeenCalledOnce();
  act(() => vi.advanceTimersByTime(1_000));
  fireEvent.click(button);
  expect(onClick).toHaveBeenCalledTimes(2);
});

it("is held also where what is drawn anew does something new", () => {
  const [first, second] = [vi.fn(), vi.fn()];
  const { result, rerender } = renderHook(useOnce, { initialProps: first });
  result.current();
  rerender(second);
  result.current();
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 0]);
});
