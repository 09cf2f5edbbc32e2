// @vitest-environment happy-dom
import { act, renderHook } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { useSeconds } from "@/parts/useNow";

afterEach(() => vi.useRealTimers());

test("the time goes on each second while something runs, and stands when it has ended", () => {
  vi.useFakeTimers({ now: 0 });
  const { result, rerender } = renderHook(useSeconds, { initialProps: true });
  const later = (seconds: number) => act(() => vi.advanceTimersByTime(seconds * 1000));
  later(1);
  expect(result.current.getTime()).toBe(1_000);
  later(2);
  expect(result.current.getTime()).toBe(3_000);
  rerender(false);
  later(5);
  expect(result.current.getTime()).toBe(3_000);
});
