import { describe, expect, it } from "vitest";
import type { SourceShape } from "@/api/generated/plan";
import {
  choiceOf,
  countAdvanced,
  folderOf,
  hasServer,
  isPartial,
  leavesOut,
  newWanted,
  partsOf,
  toggled,
} from "@/features/restore/choice";

const source = (name: string, kind = "sqlite"): SourceShape => ({
  name,
  root: `root/${name}`,
  kind,
  location: null,
});
const held = (name: string) => ({ root: `root/${name}`, kind: "", size_bytes: 5, count: 1 });

describe("what is wanted", () => {
  it("is all of it with a safety backup, unless somebody says otherwise", () => {
    const choice = choiceOf(newWanted(undefined));
    expect(choice).toEqual({
      target: "live",
      create_safety_backup: true,
      sources: [],
      paths: [],
      tables: [],
      other_schema: "refuse",
      keep_old: true,
      trust_dump: false,
    });
    expect(isPartial(newWanted(undefined))).toBe(false);
  });

  it("has no safety backup where the plan has none by default", () => {
    expect(choiceOf(newWanted({ safety_backup: false })).create_safety_backup).toBe(false);
  });

  it("has paths as a backup knows them", () => {
    const wanted = { ...newWanted(undefined), paths: [" /files/photos/ ", "a.txt"] };
    expect(choiceOf(wanted).paths).toEqual(["files/photos", "a.txt"]);
    expect(isPartial(wanted)).toBe(true);
  });

  it("is for a copy only what goes into it, whatever was chosen for live data before", () => {
    const live = {
      ...newWanted(undefined),
      safety: false,
      sources: ["app"],
      tables: ["orders"],
      otherSchema: "migrate" as const,
      keepOld: false,
      trustDump: true,
    };
    expect(choiceOf({ ...live, target: "copy" })).toEqual({
      target: "copy",
      sources: ["app"],
      paths: [],
    });
  });

  it("is for a copy only the paths, if there are any: the server would add them to the sources", () => {
    const wanted = { ...newWanted(undefined), sources: ["app"], paths: ["files/photos/"] };
    expect(choiceOf({ ...wanted, target: "copy" })).toEqual({
      target: "copy",
      sources: [],
      paths: ["files/photos"],
    });
    expect(choiceOf(wanted).sources).toEqual(["app"]);
  });

  it("counts what is not as it is by default, so that nothing is hidden", () => {
    expect(countAdvanced(newWanted(undefined))).toBe(0);
    const wanted = { ...newWanted(undefined), keepOld: false, trustDump: true, tables: ["a"] };
    expect(countAdvanced(wanted)).toBe(3);
  });
});

describe("the parts", () => {
  const sources = [source("app"), source("photos", "directory"), source("new")];
  const parts = partsOf(sources, { contents: [held("app"), held("photos")] });

  it("are what the plan has, with what the backup holds of them", () => {
    expect(parts.map((each) => each.held?.size_bytes)).toEqual([5, 5, undefined]);
    expect(parts[2]?.held).toBe(null);
  });

  it("are not known of an archive that was not sent yet", () => {
    expect(partsOf(sources, undefined).every((each) => each.held === undefined)).toBe(true);
  });

  it("are named only where some are left out", () => {
    expect(toggled(null, "photos", parts)).toEqual(["app"]);
    expect(toggled(["app"], "photos", parts)).toBe(null);
    expect(toggled(["app"], "app", parts)).toEqual([]);
  });
});

it("says that not all is replaced where the backup does not hold all of the plan", () => {
  const plan = { sources: [source("app"), source("photos")] };
  expect(leavesOut(plan, { "root/app": 1, "root/photos": 2 })).toBe(false);
  expect(leavesOut(plan, { "root/app": 1 })).toBe(true);
});

it("asks for tables only where a server has them", () => {
  expect(hasServer([source("a"), source("b", "directory")])).toBe(false);
  expect(hasServer([source("a", "postgresql")])).toBe(true);
});

it("completes a path within its folder", () => {
  expect(folderOf("fi")).toBe("");
  expect(folderOf("files/")).toBe("files");
  expect(folderOf("files/photos/a.p")).toBe("files/photos");
});
