import { expect, test } from "vitest";
import { barSizeFor, rangeOf, spanOf, ticksOf } from "@/features/overview/axis";
import { pointsOf } from "@/features/overview/runs";
import { run } from "./run";

test("the charts draw the backups of the whole plan and the runs that failed, oldest first", () => {
  const points = pointsOf([
    run("2026-01-03T02:00:00Z", { status: "failed", original_size_bytes: 0 }),
    run("2026-01-02T02:00:00Z", { status: "partial" }),
    run("2026-01-01T02:00:00Z"),
    run("2026-01-01T03:00:00Z", { status: "running" }),
    run("2026-01-01T04:00:00Z", { status: "cancelled" }),
    run("2026-01-01T05:00:00Z", { type: "pre_restore" }),
    run("2026-01-01T06:00:00Z", { only: ["app"] }),
  ]);
  expect(
    points.map(({ status, captured, added, seconds }) => [status, captured, added, seconds]),
  ).toEqual([
    ["completed", 1000, 10, 2],
    ["partial", 1000, 10, 2],
    ["failed", null, null, null],
  ]);
  expect(points.map(({ at }) => at)).toEqual(points.map(({ at }) => at).sort((a, b) => a - b));
});

test("what was measured is told without the runs that failed", () => {
  const points = pointsOf([
    run("2026-01-01T02:00:00Z", { duration_s: 5 }),
    run("2026-01-02T02:00:00Z", { duration_s: 3 }),
    run("2026-01-03T02:00:00Z", { status: "failed" }),
  ]);
  expect(rangeOf(points, "seconds")).toEqual({ least: 3, most: 5, last: 3, count: 2 });
  expect(rangeOf(points.slice(2), "seconds")).toBeNull();
});

test("a day is written below the charts once, by its first run", () => {
  const points = pointsOf(
    ["01T02", "01T09", "02T02", "03T02", "04T02"].map((at) => run(`2026-01-${at}:00:00Z`)),
  );
  const days = ticksOf(points, "UTC", 2).map((at) => new Date(at).toISOString().slice(0, 13));
  expect(days).toEqual(["2026-01-01T02", "2026-01-03T02"]);
  expect(ticksOf(points, "UTC", 9)).toHaveLength(4);
});

test("one backup has room around it", () => {
  const [from, to] = spanOf(pointsOf([run("2026-01-01T02:00:00Z")]));
  expect(to - from).toBe(2 * 3_600_000);
});

test("bars are wide enough to see", () => {
  expect([barSizeFor(600, 0), barSizeFor(600, 70), barSizeFor(300, 200)]).toEqual([12, 5, 2]);
});
