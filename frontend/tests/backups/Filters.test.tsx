// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, test } from "vitest";
import { BackupProvider } from "@/backup/BackupProvider";
import { TagFilter } from "@/features/backups/Filters";
import { englishTexts } from "../texts";
import { backupOf } from "./backup";

afterEach(cleanup);

test("the tags of all backups are offered, also those of other pages", async () => {
  const pages: Record<string, object> = {
    first: { backups: [backupOf(2, { tags: ["weekly"] })], next_cursor: "second", total: 2 },
    second: { backups: [backupOf(1, { tags: ["before-release"] })], next_cursor: null, total: 2 },
  };
  const server = async (request: Request | string | URL) => {
    const url = new URL(request instanceof Request ? request.url : request);
    return Response.json(pages[url.searchParams.get("cursor") ?? "first"]);
  };
  const texts = englishTexts();
  const cache = new QueryClient();
  render(
    <QueryClientProvider client={cache}>
      <BackupProvider baseUrl="http://localhost/api/backups" fetch={server as typeof fetch}>
        <I18nextProvider i18n={texts}>
          <MantineProvider env="test">
            <TagFilter backups={[]} />
          </MantineProvider>
        </I18nextProvider>
      </BackupProvider>
    </QueryClientProvider>,
  );
  const field = screen.getByRole("combobox", { name: "Tags" });
  fireEvent.focus(field);
  fireEvent.click(field);
  const waiting = { timeout: 30_000 };
  expect(await screen.findByRole("option", { name: "before-release" }, waiting)).toBeTruthy();
  expect(screen.getByRole("option", { name: "weekly" })).toBeTruthy();
  cache.clear();
});
