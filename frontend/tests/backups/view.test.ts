import { describe, expect, it } from "vitest";
import {
  countFilters,
  formatView,
  PLAIN,
  parseView,
  queryOf,
  turned,
  type View,
  withoutFilters,
} from "@/features/backups/view";

const FULL: View = {
  text: "before & after?",
  status: ["failed", "cancelled"],
  type: ["pre_restore"],
  tag: ["a b", "c&d"],
  from: "2026-01-02",
  to: "2026-01-31",
  zone: "Europe/Berlin",
  sort: "-size",
  limit: 50,
  cursor: "abc_-1",
};

describe("the view of the backups in the address", () => {
  it("is the plain one where nothing is said", () => {
    expect(parseView("")).toEqual(PLAIN);
    expect(formatView(PLAIN)).toBe("");
  });

  it("is read as it was written, whatever is typed", () => {
    expect(parseView(formatView(FULL).slice(1))).toEqual({
      ...FULL,
      // In the order in which they are offered.
      status: ["failed", "cancelled"],
    });
  });

  it("leaves out what makes no sense, as an old link may have it", () => {
    const search = "status=lost&type=weekly&sort=name&limit=7&from=yesterday&to=2026-02-31&tag=";
    expect(parseView(search)).toEqual(PLAIN);
  });

  it("has each tag once", () => {
    expect(parseView("tag=a&tag=b&tag=a").tag).toEqual(["a", "b"]);
  });
});

describe("what the server is asked for", () => {
  it("has no filters where none are set", () => {
    expect(queryOf({ ...PLAIN, text: "  " })).toEqual({ sort: "-created_at", limit: 25 });
  });

  it("has the day it ends with in it, by the reader's calendar", () => {
    const { from, to } = queryOf({ ...FULL, zone: "" });
    expect(from).toBe(new Date(2026, 0, 2).toISOString());
    expect(to).toBe(new Date(2026, 1, 1).toISOString());
  });

  it("carries all filters, the order and the page", () => {
    expect(queryOf(FULL)).toMatchObject({
      text: "before & after?",
      status: ["failed", "cancelled"],
      type: ["pre_restore"],
      tag: ["a b", "c&d"],
      sort: "-size",
      limit: 50,
      cursor: "abc_-1",
    });
  });
});

describe("the filters", () => {
  it("are counted each once, however much they hold", () => {
    expect(countFilters(PLAIN)).toBe(0);
    expect(countFilters(FULL)).toBe(6);
  });

  it("can be taken off without losing the order", () => {
    expect(withoutFilters(FULL)).toEqual({ ...PLAIN, sort: "-size", limit: 50 });
  });
});

describe("the head of a column", () => {
  it("sorts by the greatest first, and turns that round when it is used again", () => {
    expect(turned("-created_at", "size")).toBe("-size");
    expect(turned("-size", "size")).toBe("size");
    expect(turned("size", "size")).toBe("-size");
  });
});
