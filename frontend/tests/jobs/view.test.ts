import { describe, expect, it } from "vitest";
import { formatView, isFiltered, PLAIN, parseView, queryOf } from "@/features/jobs/view";

const VIEW = {
  ...PLAIN,
  kind: ["backup" as const, "drill" as const],
  status: ["failed" as const],
  backup: "backup_20260131_020000",
  limit: 50,
  cursor: "abc",
};

describe("the address of the jobs", () => {
  it("brings back what was shown", () => {
    expect(parseView(formatView(VIEW))).toEqual(VIEW);
    expect(formatView(PLAIN)).toBe("");
    expect(parseView("")).toEqual(PLAIN);
  });

  it("may hold nonsense", () => {
    expect(parseView("?kind=x&kind=verify&status=&limit=7&limit=100")).toEqual({
      ...PLAIN,
      kind: ["verify"],
      limit: 100,
    });
  });

  it("asks the server for just that", () => {
    expect(queryOf(PLAIN)).toEqual({ limit: 25 });
    expect(queryOf(VIEW)).toEqual({
      kind: ["backup", "drill"],
      status: ["failed"],
      backup_id: "backup_20260131_020000",
      cursor: "abc",
      limit: 50,
    });
  });

  it("tells whether something is left out", () => {
    expect(isFiltered({ ...PLAIN, limit: 100, cursor: "abc" })).toBe(false);
    expect(isFiltered({ ...PLAIN, backup: "b" })).toBe(true);
  });
});
