// @vitest-environment happy-dom
import { MantineProvider, Modal } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, it, vi } from "vitest";
import type { Me } from "@/api/generated/server";
import { watch } from "@/api/server";
import { StepUp } from "@/features/session/StepUp";
import { englishTexts } from "../texts";

const PATIENCE = { timeout: 60_000 };
const me = { username: "anna", permissions: [], plans: [] } as unknown as Me;

afterEach(cleanup);

it("Escape closes the question for the password, and not the dialog below it", async () => {
  const closed = vi.fn();
  const page = (below: boolean) => (
    <I18nextProvider i18n={englishTexts()}>
      <QueryClientProvider client={new QueryClient()}>
        <MantineProvider env="test">
          <StepUp me={me} />
          <Modal opened={below} onClose={closed} title="Below">
            <button type="button">Inside</button>
          </Modal>
        </MantineProvider>
      </QueryClientProvider>
    </I18nextProvider>
  );
  const { rerender } = render(page(false));
  rerender(page(true));
  let asked: Promise<boolean> | undefined;
  act(() => {
    asked = watch.stepUp?.();
  });
  const password = await screen.findByRole("textbox", { hidden: true }, PATIENCE);
  fireEvent.keyDown(password, { key: "Escape" });
  expect(await asked).toBe(false);
  expect(closed).not.toHaveBeenCalled();
  fireEvent.keyDown(screen.getByText("Inside"), { key: "Escape" });
  expect(closed).toHaveBeenCalledOnce();
});
