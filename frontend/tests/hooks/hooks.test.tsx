// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, inject, it } from "vitest";
import { BackupProvider } from "@/backup/BackupProvider";
import { useBackupJob, useRestoreJob } from "@/backup/hooks/useBackupJob";
import { useBackupList } from "@/backup/hooks/useBackupList";
import { useCreateBackup } from "@/backup/hooks/useCreateBackup";
import { useDeleteBackup } from "@/backup/hooks/useDeleteBackup";
import { useLookAtRestore, useStartRestore } from "@/backup/hooks/useStartRestore";
import { useLookAtUndo, useUndo } from "@/backup/hooks/useUndo";
import { useConfirmUpload, useUploadArchive } from "@/backup/hooks/useUpload";
import { isFinished } from "@/backup/jobs";
import { backupKeys } from "@/backup/keys";

const BACKEND = inject("backend");
const BASE = `${BACKEND}/api/backups`;
const ROWS = 200;
const PATIENCE = { timeout: 60_000, interval: 100 };

let cache: QueryClient;

beforeEach(() => {
  // The page is of the server's own site, as the page of a host is.
  (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(BACKEND);
  cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
});
afterEach(() => {
  cleanup();
  cache.clear();
});

function Around({ children }: { children: ReactNode }) {
  return (
    <QueryClientProvider client={cache}>
      <BackupProvider baseUrl={BASE}>{children}</BackupProvider>
    </QueryClientProvider>
  );
}

function use<Result>(hook: () => Result) {
  return renderHook(hook, { wrapper: Around }).result;
}

async function ended(id: string, follow = useBackupJob) {
  const job = use(() => follow(id));
  await waitFor(
    () => expect(job.current.data && isFinished(job.current.data)).toBe(true),
    PATIENCE,
  );
  return job.current.data;
}

async function backUp(description: string): Promise<string> {
  const create = use(useCreateBackup);
  const job = await act(() => create.current.mutateAsync({ description }));
  const done = await ended(job.id);
  expect(done?.status, done?.error?.message).toBe("completed");
  return done?.backup_id ?? "";
}

const rows = async () => (await fetch(`${BACKEND}/rows`)).json();
const deleteRows = () => fetch(`${BACKEND}/rows`, { method: "DELETE" });

it("the keys are those that hosts may rely on", () => {
  expect(backupKeys.all).toEqual(["backup"]);
  expect(backupKeys.list).toEqual(["backup", "list"]);
  expect(backupKeys.job("7")).toEqual(["backup", "job", "7"]);
  expect(backupKeys.restore("7")).toEqual(["backup", "restore", "7"]);
});

it("a backup is made, followed to its end, listed, and deleted", async () => {
  const list = use(() => useBackupList({ text: "made by a hook" }));
  await waitFor(() => expect(list.current.data?.total).toBe(0), PATIENCE);
  const create = use(useCreateBackup);
  const made = await act(() => create.current.mutateAsync({ description: "made by a hook" }));

  const outdated: unknown[] = [];
  cache.getQueryCache().subscribe((event) => {
    if (event.type === "updated" && event.action.type === "invalidate") {
      outdated.push(event.query.queryKey);
    }
  });
  const done = await ended(made.id);
  expect(done?.status, done?.error?.message).toBe("completed");
  await waitFor(() => expect(outdated).toContainEqual([...backupKeys.list, expect.anything()]));
  await waitFor(() => expect(list.current.data?.backups[0]?.id).toBe(done?.backup_id), PATIENCE);

  const remove = use(useDeleteBackup);
  await act(() => remove.current.mutateAsync(done?.backup_id ?? ""));
  await waitFor(() => expect(list.current.data?.total).toBe(0), PATIENCE);
});

it("what is wrong is told as a problem, with a code and what to do", async () => {
  const remove = use(useDeleteBackup);
  const failure = act(() => remove.current.mutateAsync("backup_20200101_000000"));
  await expect(failure).rejects.toMatchObject({
    name: "Problem",
    status: 404,
    code: "backup-not-found",
    message: expect.stringContaining("backup_20200101_000000"),
  });
});

it("a restore is looked at, confirmed, followed, and taken back", async () => {
  const id = await backUp("before the rows went");
  await deleteRows();
  expect(await rows()).toBe(0);

  const look = use(useLookAtRestore);
  const offer = await act(() => look.current.mutateAsync({ id }));
  expect(offer.backup.backup_id).toBe(id);
  expect(await rows(), "looking changes nothing").toBe(0);

  const start = use(useStartRestore);
  const confirmation = offer.confirmation ?? "";
  const job = await act(() =>
    start.current.mutateAsync({ id, confirmation, confirm: offer.confirm_with }),
  );
  const restored = await ended(job.id, useRestoreJob);
  expect(restored?.status, restored?.error?.message).toBe("completed");
  expect(cache.getQueryData(backupKeys.restore(job.id))).toEqual(restored);
  expect(await rows()).toBe(ROWS);

  const lookBack = use(useLookAtUndo);
  const preview = await act(() => lookBack.current.mutateAsync());
  const undo = use(useUndo);
  const undone = await act(() => undo.current.mutateAsync(preview));
  expect((await ended(undone.id, useRestoreJob))?.status).toBe("completed");
  expect(await rows(), "as it was before the restore").toBe(0);

  // For the tests that follow.
  const again = await act(() => look.current.mutateAsync({ id }));
  const last = await act(() =>
    start.current.mutateAsync({
      id,
      confirmation: again.confirmation ?? "",
      confirm: again.confirm_with,
    }),
  );
  expect((await ended(last.id, useRestoreJob))?.status).toBe("completed");
});

it("an archive is sent with progress, looked at, and restored", async () => {
  const id = await backUp("to be downloaded");
  const archive = await (await fetch(`${BASE}/backups/${id}/download`)).blob();
  await deleteRows();

  const upload = use(useUploadArchive);
  const file = new File([await archive.arrayBuffer()], "backup.zip", { type: "application/zip" });
  const offer = await act(() => upload.current.mutateAsync({ file }));
  expect(offer.backup.table_counts).toEqual({ items: ROWS });
  expect(offer.checks.every((each) => each.passed)).toBe(true);

  const confirm = use(useConfirmUpload);
  const token = offer.confirmation ?? "";
  const job = await act(() => confirm.current.mutateAsync({ token, confirm: offer.confirm_with }));
  expect((await ended(job.id, useRestoreJob))?.status).toBe("completed");
  expect(await rows()).toBe(ROWS);
});

it("an archive that is none is refused before anything happens", async () => {
  const upload = use(useUploadArchive);
  const file = new File(["no archive at all"], "backup.zip", { type: "application/zip" });
  await expect(act(() => upload.current.mutateAsync({ file }))).rejects.toMatchObject({
    name: "Problem",
    status: 422,
  });
  expect(await rows()).toBe(ROWS);
});
