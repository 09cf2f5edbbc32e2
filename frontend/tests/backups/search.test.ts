import { expect, it } from "vitest";
import type { ContentShape } from "@/api/generated/plan";
import { folderOf, foldersOf } from "@/features/backups/folders";
import { searchOf } from "@/features/backups/search";

const page = (found: number, more: Partial<{ next_cursor: string; cut_short: boolean }> = {}) => ({
  entries: Array.from({ length: found }, () => ({}) as ContentShape),
  visited: 50_000,
  cut_short: false,
  next_cursor: null,
  ...more,
});
const CUT = { next_cursor: "x", cut_short: true };

it("a search that has looked at everything is done, whatever it found", () => {
  expect(searchOf([page(0)], 100)).toEqual({ found: 0, visited: 50_000, stand: "done" });
  expect(searchOf([page(100, CUT), page(3)], 100)).toMatchObject({ found: 103, stand: "done" });
  expect(searchOf([], 100)).toEqual({ found: 0, visited: 0, stand: "done" });
});

it("it goes on by itself while the server stops early and too little is found", () => {
  expect(searchOf([page(0, CUT)], 100).stand).toBe("goes on");
  expect(searchOf([page(60, CUT), page(39, CUT)], 100)).toEqual({
    found: 99,
    visited: 100_000,
    stand: "goes on",
  });
});

it("what is shown is enough until the reader wants more", () => {
  expect(searchOf([page(60, CUT), page(40, CUT)], 100).stand).toBe("more");
  expect(searchOf([page(60, CUT), page(40, CUT)], 200).stand).toBe("goes on");
  expect(searchOf([page(50, { next_cursor: "x" })], 100).stand).toBe("more");
});

it("each file knows the way to its folder", () => {
  expect(folderOf("files/media/7.jpg")).toBe("files/media");
  expect(folderOf("manifest.json")).toBe("");
  expect(foldersOf("files/media").map((each) => each.path)).toEqual(["files", "files/media"]);
});
