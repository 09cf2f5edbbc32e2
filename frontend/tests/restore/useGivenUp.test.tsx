// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { PropsWithChildren } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { BackupProvider } from "@/backup/BackupProvider";
import { useGivenUp } from "@/restore/useGivenUp";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function look(settled: boolean) {
  const sent: string[] = [];
  const fetch = async (input: RequestInfo | URL) => {
    const request = input as Request;
    sent.push(`${request.method} ${new URL(request.url).pathname}`);
    return new Response(null, { status: 204 });
  };
  const cache = new QueryClient();
  const wrapper = ({ children }: PropsWithChildren) => (
    <QueryClientProvider client={cache}>
      <BackupProvider baseUrl="http://host/api" fetch={fetch as typeof globalThis.fetch}>
        {children}
      </BackupProvider>
    </QueryClientProvider>
  );
  const hook = renderHook((now: boolean) => useGivenUp("token", now), {
    wrapper,
    initialProps: settled,
    reactStrictMode: true,
  });
  const passed = () => act(() => vi.advanceTimersByTimeAsync(1_000));
  return { ...hook, sent, passed };
}

it("an offer is removed from the server once nobody looks at it any more", async () => {
  const { sent, passed, unmount } = look(false);
  await passed();
  expect(sent).toEqual([]);
  unmount();
  await passed();
  expect(sent).toEqual(["DELETE /api/restores/token"]);
});

it("an offer that was confirmed meanwhile is left to its restore", async () => {
  const { sent, passed, rerender, unmount } = look(false);
  rerender(true);
  unmount();
  await passed();
  expect(sent).toEqual([]);
});
