// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { BackupProvider } from "@/backup/BackupProvider";
import { useHealth } from "@/backup/hooks/useStanding";
import { backupKeys } from "@/backup/keys";

afterEach(cleanup);

test.each([
  ["a backup was made", { last_success_id: "b" }],
  ["a backup was proven", { last_verified_id: "a" }],
  ["a job began", { running_jobs: ["7"] }],
])("when %s elsewhere, numbers, list and jobs are out of date", async (_, change) => {
  const health = { last_success_id: "a", last_verified_id: null, running_jobs: [] };
  const server = async () => Response.json(health);
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const outdated = vi.spyOn(cache, "invalidateQueries");
  const around = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={cache}>
      <BackupProvider baseUrl="http://localhost/api/backups" fetch={server}>
        {children}
      </BackupProvider>
    </QueryClientProvider>
  );
  const { result } = renderHook(useHealth, { wrapper: around });
  await waitFor(() => expect(result.current.isSuccess).toBe(true), { timeout: 30_000 });
  await act(() => result.current.refetch());
  expect(outdated, "nothing has changed").not.toHaveBeenCalled();

  Object.assign(health, change);
  await act(() => result.current.refetch());
  const keys = outdated.mock.calls.map(([filters]) => filters?.queryKey);
  expect(keys).toEqual([backupKeys.stats, backupKeys.list, backupKeys.jobs]);
  cache.clear();
});
