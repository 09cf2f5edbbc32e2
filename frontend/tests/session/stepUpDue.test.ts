// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";
import { isStepUpDue } from "@/features/session/stepUpDue";

afterEach(() => vi.unstubAllGlobals());

it.each([
  ["session", "2026-01-31T12:01:00Z", false],
  ["session", "2026-01-31T12:00:20Z", true],
  ["session", "2026-01-31T11:00:00Z", true],
  ["session", null, true],
  ["token", null, false],
])("by a %s that is stepped up until %s, at noon of the server: %s", async (via, until, due) => {
  // What the reader's own clock says does not count.
  const headers = { Date: "Sat, 31 Jan 2026 12:00:00 GMT", "Content-Type": "application/json" };
  const me = JSON.stringify({ via, stepped_up_until: until });
  vi.stubGlobal("fetch", async () => new Response(me, { headers }));
  expect(await isStepUpDue()).toBe(due);
});
