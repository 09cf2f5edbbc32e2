// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { createInstance } from "i18next";
import type { ReactNode } from "react";
import { getI18n, initReactI18next, useTranslation } from "react-i18next";
import { afterEach, beforeAll, expect, it } from "vitest";
import { backupKeys } from "@/backup/keys";
import { sayDone, sayings } from "@/parts/say";
import { BackupRestore } from "@/section/BackupRestore";
import { startBackend } from "../hooks/backend";

let base = "";
const PATIENCE = { timeout: 60_000 };

// One of its own: a restore by another test would show in the section.
beforeAll(async () => {
  const { address, end } = await startBackend();
  base = `${address}/api/backups`;
  // The page is of the server's own site, as the page of a host is.
  (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(address);
  return end;
});
afterEach(cleanup);

const rootStyles = () =>
  [...document.querySelectorAll("style[data-mantine-styles]")].filter((each) =>
    each.textContent?.includes(":root"),
  );
const scope = () => document.querySelectorAll(".holdfast-section");

async function shown(name = "Back up now") {
  const button = await screen.findByRole("button", { name }, PATIENCE);
  const waiting = () => document.querySelector(".mantine-Skeleton-root");
  await waitFor(() => expect(waiting()).toBeNull(), PATIENCE);
  return button;
}

it("needs nothing around it, and leaves the page around it alone", async () => {
  const { unmount } = render(<BackupRestore baseUrl={base} />);
  await shown();
  expect(scope(), "the section, and where its dialogs stand").toHaveLength(2);
  expect(rootStyles()).toEqual([]);
  expect(document.documentElement.getAttributeNames()).not.toContain("data-mantine-color-scheme");
  expect(localStorage).toHaveLength(0);
  unmount();
  expect(scope()).toHaveLength(0);
});

it("its dialogs and their colours are its own too", async () => {
  render(<BackupRestore baseUrl={base} colorScheme="dark" />);
  await shown();
  for (const each of scope()) {
    expect(each.getAttribute("data-mantine-color-scheme")).toBe("dark");
  }
  expect(scope()[1]?.parentElement).toBe(document.body);
});

it("takes the look of the Mantine around it", async () => {
  render(
    <MantineProvider>
      <BackupRestore baseUrl={base} />
    </MantineProvider>,
  );
  await shown();
  expect(scope()).toHaveLength(0);
});

it("has a cache of its own, also below another, unless it is given one", async () => {
  const [around, given] = [new QueryClient(), new QueryClient()];
  const page = (queryClient?: QueryClient) => (
    <QueryClientProvider client={around}>
      <BackupRestore baseUrl={base} queryClient={queryClient} />
    </QueryClientProvider>
  );
  const known = (cache: QueryClient) => cache.getQueriesData({ queryKey: backupKeys.list }).length;
  const { unmount } = render(page());
  await shown();
  expect(known(around)).toBe(0);
  unmount();
  render(page(given));
  await shown();
  expect(known(given)).toBeGreaterThan(0);
  expect(known(around)).toBe(0);
});

it("says a thing once, however many sections there are", async () => {
  const page = (first: boolean) => (
    <>
      {first && <BackupRestore key="first" baseUrl={base} />}
      <BackupRestore key="second" baseUrl={base} />
    </>
  );
  const { rerender } = render(page(true));
  act(() => sayDone("It is done"));
  expect(await screen.findAllByText("It is done", undefined, PATIENCE)).toHaveLength(1);
  rerender(page(false));
  expect(await screen.findAllByText("It is done", undefined, PATIENCE)).toHaveLength(1);
  act(() => sayings.setState((now) => ({ ...now, notifications: [], queue: [] })));
});

it("speaks its language, and leaves the page's own texts alone", async () => {
  const texts = createInstance();
  await texts
    .use(initReactI18next)
    .init({ lng: "en", resources: { en: { common: { actions: { delete: "Shred" } } } } });
  const Own = () => <p>{useTranslation("common").t("actions.delete")}</p>;
  const page = (language: "en" | "de"): ReactNode => (
    <>
      <Own />
      <BackupRestore baseUrl={base} language={language} />
    </>
  );
  const { rerender } = render(page("de"));
  await shown("Jetzt sichern");
  screen.getByText("Shred");
  expect(getI18n()).toBe(texts);
  rerender(page("en"));
  await shown();
});

it("sends the headers of this moment, by the fetch of the page", async () => {
  const sent: (string | null)[] = [];
  const page = (token: string) => (
    <BackupRestore
      baseUrl={base}
      headers={() => ({ Authorization: `Bearer ${token}` })}
      fetch={(input, init) => {
        const request = new Request(input, init);
        sent.push(request.headers.get("Authorization"));
        return fetch(request);
      }}
    />
  );
  const { rerender } = render(page("old"));
  const button = await shown();
  expect(new Set(sent)).toEqual(new Set(["Bearer old"]));
  rerender(page("new"));
  sent.length = 0;
  fireEvent.click(button);
  await screen.findByText("The backup is stored.", undefined, PATIENCE);
  expect(new Set(sent)).toEqual(new Set(["Bearer new"]));
});
