// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, test } from "vitest";
import { BackupProvider } from "@/backup/BackupProvider";
import { JobActions } from "@/features/jobs/JobActions";
import { englishTexts } from "../texts";
import { job } from "./job";

afterEach(cleanup);

const FAILED = job({ status: "failed" });

test.each([
  ["filled", "was not tried again", []],
  ["default", "was tried again", [job({ id: "job-2", retry_of: FAILED.id })]],
])("the button is %s on a job that %s", async (variant, _, jobs) => {
  const server = async () => Response.json({ jobs, next_cursor: null, total: jobs.length });
  const texts = englishTexts();
  const cache = new QueryClient();
  render(
    <QueryClientProvider client={cache}>
      <BackupProvider baseUrl="http://localhost/api/backups" fetch={server as typeof fetch}>
        <I18nextProvider i18n={texts}>
          <MantineProvider env="test">
            <JobActions job={FAILED} />
          </MantineProvider>
        </I18nextProvider>
      </BackupProvider>
    </QueryClientProvider>,
  );
  const look = () => screen.getByRole("button", { name: "Try again" }).dataset.variant ?? "filled";
  await waitFor(() => expect(cache.isFetching()).toBe(0), { timeout: 30_000 });
  await waitFor(() => expect(look()).toBe(variant), { timeout: 30_000 });
  cache.clear();
});
