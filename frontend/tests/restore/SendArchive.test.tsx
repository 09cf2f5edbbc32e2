// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, it, vi } from "vitest";
import { BackupProvider } from "@/backup/BackupProvider";
import { SendArchive } from "@/restore/SendArchive";
import { englishTexts } from "../texts";

/** Stands for the browser's own; it never gets an answer. */
class SilentRequest {
  static aborted = 0;
  upload = {};
  onabort?: () => void;
  open() {}
  setRequestHeader() {}
  send() {}
  abort() {
    SilentRequest.aborted += 1;
    this.onabort?.();
  }
}
vi.mock("@/restore/UploadZone", () => ({
  default: ({ onFile }: { onFile: (file: File) => void }) => (
    <button type="button" onClick={() => onFile(new File(["zip"], "a.zip"))}>
      Choose
    </button>
  ),
}));

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const isHeldBack = () => !dispatchEvent(new Event("beforeunload", { cancelable: true }));

it("who closes the page during an upload is asked, and who leaves the screen ends it", async () => {
  vi.stubGlobal("XMLHttpRequest", SilentRequest);
  const { unmount } = render(
    <I18nextProvider i18n={englishTexts()}>
      <QueryClientProvider client={new QueryClient()}>
        <MantineProvider env="test">
          <BackupProvider baseUrl="http://host/api">
            <SendArchive onOffer={() => undefined} />
          </BackupProvider>
        </MantineProvider>
      </QueryClientProvider>
    </I18nextProvider>,
  );
  fireEvent.click(await screen.findByText("Choose", undefined, { timeout: 60_000 }));
  expect(isHeldBack()).toBe(false);
  const form = document.querySelector("form");
  if (form === null) throw new Error("There is no form");
  fireEvent.submit(form);
  await screen.findByRole("progressbar", { hidden: true }, { timeout: 60_000 });
  expect(isHeldBack()).toBe(true);
  expect(SilentRequest.aborted).toBe(0);
  unmount();
  expect(SilentRequest.aborted).toBe(1);
  expect(isHeldBack()).toBe(false);
});
