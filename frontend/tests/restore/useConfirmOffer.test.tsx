// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import type { PropsWithChildren } from "react";
import { expect, it } from "vitest";
import type { OfferShape } from "@/api/generated/plan";
import { BackupProvider } from "@/backup/BackupProvider";
import { useConfirmOffer } from "@/restore/useConfirmOffer";

async function sentFor(offer: Partial<OfferShape>) {
  const sent: { path: string; body: unknown }[] = [];
  const fetch = async (input: RequestInfo | URL) => {
    const request = input as Request;
    sent.push({ path: new URL(request.url).pathname, body: await request.json() });
    return Response.json({ id: "job" }, { status: 202 });
  };
  const cache = new QueryClient();
  const wrapper = ({ children }: PropsWithChildren) => (
    <QueryClientProvider client={cache}>
      <BackupProvider baseUrl="http://host/api" fetch={fetch as typeof globalThis.fetch}>
        {children}
      </BackupProvider>
    </QueryClientProvider>
  );
  const { result } = renderHook(() => useConfirmOffer(), { wrapper });
  const job = await result.current.mutateAsync(offer as OfferShape);
  expect(job).toEqual({ id: "job" });
  return sent;
}
const backup = { backup_id: "b1" } as OfferShape["backup"];

it("begins the restore of a backup with the confirmation of its look, and the name if one is asked", async () => {
  const offer = {
    kind: "backup",
    confirmation: "token",
    confirm_with: "production",
    backup,
  } as const;
  expect(await sentFor(offer)).toEqual([
    { path: "/api/backups/b1/restore", body: { confirmation: "token", confirm: "production" } },
  ]);
});

it("begins the restore of an archive where it was sent to", async () => {
  const offer = { kind: "upload", confirmation: "token", confirm_with: null, backup } as const;
  expect(await sentFor(offer)).toEqual([
    { path: "/api/restores/token/confirm", body: { confirm: null } },
  ]);
});
