// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { afterEach, test } from "vitest";
import { BackupProvider } from "@/backup/BackupProvider";
import { backupKeys } from "@/backup/keys";
import { LocksCard } from "@/features/repository/LocksCard";
import { useRepository } from "@/features/repository/useRepository";
import { sayings } from "@/parts/say";
import { englishTexts } from "../texts";

afterEach(cleanup);

const LOCK = {
  hostname: "web-1",
  username: "app",
  pid: 41,
  created_at: "2026-05-01T12:00:00Z",
  exclusive: false,
  stale: true,
};

function Locks({ jobs }: { jobs: () => Promise<unknown> }) {
  useQuery({ queryKey: backupKeys.jobs, queryFn: jobs });
  return <LocksCard locks={useRepository().data?.locks ?? []} />;
}

test("what was removed is said, though its button went with the last lock", async () => {
  let locks = [LOCK];
  let gone = () => {};
  const jobs = async () => {
    // The jobs come after the screen has been drawn without the lock.
    if (locks.length === 0) await new Promise<void>((resolve) => (gone = resolve));
    return {};
  };
  const server = async (input: RequestInfo | URL) => {
    const { method } = input as Request;
    if (method === "POST") {
      locks = [];
      return Response.json({ removed: 1 });
    }
    return Response.json({ exists: true, locks });
  };
  const cache = new QueryClient();
  render(
    <QueryClientProvider client={cache}>
      <BackupProvider baseUrl="http://localhost/api/backups" fetch={server as typeof fetch}>
        <I18nextProvider i18n={englishTexts()}>
          <MantineProvider env="test">
            <Notifications store={sayings} />
            <Locks jobs={jobs} />
          </MantineProvider>
        </I18nextProvider>
      </BackupProvider>
    </QueryClientProvider>,
  );
  const wait = { timeout: 30_000 };
  fireEvent.click(await screen.findByRole("button", { name: "Remove stale locks" }, wait));
  await screen.findByText("Nobody is at work in the repository.", undefined, wait);
  gone();
  await screen.findByText("1 stale lock is removed.", undefined, wait);
  cache.clear();
});
