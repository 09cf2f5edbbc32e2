// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, waitFor } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, test, vi } from "vitest";
import { BackupProvider } from "@/backup/BackupProvider";
import { backupKeys } from "@/backup/keys";
import { UpkeepJobs } from "@/features/repository/UpkeepJobs";
import { job } from "../jobs/job";
import { englishTexts } from "../texts";

afterEach(cleanup);

test("a check that ended before it was looked at makes the cards beside it anew", async () => {
  const running = job({ kind: "check" });
  const server = async (request: Request | string | URL) => {
    const url = request instanceof Request ? request.url : String(request);
    const ended = { ...running, status: "completed" };
    return Response.json(
      url.includes(running.id) ? ended : { jobs: [running], next_cursor: null, total: 1 },
    );
  };
  const cache = new QueryClient();
  const outdated = vi.spyOn(cache, "invalidateQueries");
  render(
    <QueryClientProvider client={cache}>
      <BackupProvider baseUrl="http://localhost/api/backups" fetch={server as typeof fetch}>
        <I18nextProvider i18n={englishTexts()}>
          <MantineProvider env="test">
            <UpkeepJobs />
          </MantineProvider>
        </I18nextProvider>
      </BackupProvider>
    </QueryClientProvider>,
  );
  await waitFor(
    () => {
      const keys = outdated.mock.calls.map(([filters]) => filters?.queryKey);
      expect(keys).toContainEqual(backupKeys.repository);
      expect(keys).toContainEqual(backupKeys.stats);
    },
    { timeout: 30_000 },
  );
  cache.clear();
});
