// @vitest-environment happy-dom
import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useLeaveGuard } from "@/features/schedule/useLeaveGuard";

/** What the router does when a link is followed. */
function go(hash: string): void {
  history.pushState(null, "", hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

afterEach(cleanup);

describe("who leaves with unsaved changes", () => {
  beforeEach(() => history.replaceState(null, "", "#/schedule"));

  it("is held back, and goes where they wanted once they mean it", () => {
    const { result } = renderHook(useLeaveGuard, { initialProps: true });
    act(() => go("#/jobs"));
    expect(location.hash).toBe("#/schedule");
    expect(result.current.wanted).toBe("#/jobs");
    act(() => result.current.leave());
    expect(location.hash).toBe("#/jobs");
    expect(result.current.wanted).toBeNull();
  });

  it("stays where they are if they do not", () => {
    const { result } = renderHook(useLeaveGuard, { initialProps: true });
    act(() => go("#/jobs"));
    act(() => result.current.stay());
    expect(location.hash).toBe("#/schedule");
  });

  it("is asked by the browser before the page is closed", () => {
    const { rerender } = renderHook(useLeaveGuard, { initialProps: true });
    const close = () => !dispatchEvent(new Event("beforeunload", { cancelable: true }));
    expect(close()).toBe(true);
    rerender(false);
    expect(close()).toBe(false);
  });

  it("goes freely when all is saved", () => {
    const heard = vi.fn();
    renderHook(useLeaveGuard, { initialProps: false });
    addEventListener("hashchange", heard, { once: true });
    act(() => go("#/jobs"));
    expect(location.hash).toBe("#/jobs");
    expect(heard).toHaveBeenCalledOnce();
  });
});
