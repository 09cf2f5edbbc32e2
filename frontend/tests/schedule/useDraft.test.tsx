// @vitest-environment happy-dom
import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { useDraft } from "@/features/schedule/useDraft";
import type { ReadSchedule } from "@/features/schedule/useSchedule";

function saved(version: number, timezone = "UTC"): ReadSchedule {
  const schedule = {
    cron: "0 2 * * *",
    timezone,
    enabled: true,
    retention: {},
    misfire: "run_once" as const,
    next_runs: [],
    version,
    updated_at: null,
    updated_by: null,
  };
  return { schedule, etag: `"${version}"` };
}

const begin = () => renderHook(useDraft, { initialProps: saved(1) });

afterEach(cleanup);

describe("a draft and what others save meanwhile", () => {
  it("shows theirs at once while nothing was changed here", () => {
    const { result, rerender } = begin();
    rerender(saved(2, "Europe/Berlin"));
    expect(result.current.draft.timezone).toBe("Europe/Berlin");
    expect(result.current.base.etag).toBe('"2"');
    expect(result.current.conflict).toBe(false);
  });

  it("keeps the draft, its condition, and says that there is a conflict", () => {
    const { result, rerender } = begin();
    act(() => result.current.change({ enabled: false }));
    rerender(saved(2, "Europe/Berlin"));
    expect(result.current).toMatchObject({ conflict: true, base: { etag: '"1"' } });
    expect(result.current.draft).toMatchObject({ enabled: false, timezone: "UTC" });
  });

  it("goes on upon theirs, or loads them", () => {
    const { result, rerender } = begin();
    act(() => result.current.change({ enabled: false }));
    rerender(saved(2, "Europe/Berlin"));
    act(() => result.current.rebase());
    expect(result.current).toMatchObject({ conflict: false, base: { etag: '"2"' } });
    expect(result.current.draft.enabled).toBe(false);
    act(() => result.current.load(saved(2, "Europe/Berlin")));
    expect(result.current.parts).toEqual([]);
  });

  it("sees no conflict in its own change, once that is saved", () => {
    const { result, rerender } = begin();
    act(() => result.current.change({ timezone: "Asia/Tokyo" }));
    rerender(saved(2, "Asia/Tokyo"));
    expect(result.current).toMatchObject({ conflict: false, parts: [], base: { etag: '"2"' } });
  });
});
