import { describe, expect, it } from "vitest";
import type { PlaceShape } from "@/api/generated/plan";
import { changesByPlace, isChanged, lostSpan } from "@/restore/changes";
import { formatSpan } from "@/restore/span";

const change = (target: string, action: string, detail = "") => ({ target, action, detail });
const place = (path: string | null, kind: string, modified: string | null = null): PlaceShape => ({
  root: "",
  kind,
  path,
  exists: true,
  size_bytes: 1,
  files: null,
  modified_at: modified,
});

describe("what would change, by place", () => {
  it("has each table below its database, with rows now and after", () => {
    const [found, ...others] = changesByPlace(
      [
        change("/data/app.db", "replace", "1.0 MiB, as now; contents may differ"),
        change("/data/app.db: Album", "replace", "1,347 rows, as now; contents may differ"),
        change("/data/app.db: Invoice", "replace", "492 rows -> 1 row"),
        change("/data/app.db: Draft", "create", "2 rows"),
        change("/data/app.db: Old", "remove", "3 rows"),
        change("/data/app.db: Blob", "replace", "8 rows"),
        change("/data/app.db: Other", "unchanged", "not in the backup"),
      ],
      [place("/data/app.db", "sqlite")],
    );
    expect(others).toEqual([]);
    expect(found?.place?.kind).toBe("sqlite");
    const rows = found?.tables.map(({ name, before, after }) => [name, before, after]);
    expect(rows).toEqual([
      ["Album", 1347, 1347],
      ["Invoice", 492, 1],
      ["Draft", 0, 2],
      ["Old", 3, 0],
      ["Blob", null, 8],
      ["Other", null, null],
    ]);
    const changed = found?.tables.filter(isChanged).map((each) => each.name);
    expect(changed).toEqual(["Invoice", "Draft", "Old", "Blob"]);
  });

  it("has the files of a directory as numbers, and some of them as examples", () => {
    const told = "files: 1 created, 41 replaced, 0 removed, 7 unchanged (told by size)";
    const [found] = changesByPlace([
      change("/data/files", "replace", told),
      change("/data/files/a/b.png", "create"),
      change("/data/files", "replace", "and 21 more files"),
    ]);
    expect(found?.files).toEqual({ created: 1, replaced: 41, removed: 0, unchanged: 7 });
    expect(found?.others).toHaveLength(2);
    expect(found?.tables).toEqual([]);
  });

  it("makes a place of what is told without one", () => {
    const found = changesByPlace([
      change("settings: theme", "replace", '"dark" -> "light"'),
      change("settings: lang", "create", '"de"'),
      change("postgresql://db/shop: public.orders", "replace", "5 rows -> 6 rows"),
    ]);
    expect(found.map((each) => each.target)).toEqual(["settings", "postgresql://db/shop"]);
    expect(found[0]?.tables.map((each) => each.name)).toEqual(["theme", "lang"]);
    expect(found[1]?.tables[0]).toMatchObject({ name: "public.orders", before: 5, after: 6 });
  });

  it("does not take a place for another that begins alike", () => {
    const found = changesByPlace([change("/data/app", "replace"), change("/data/app2", "create")]);
    expect(found.map((each) => each.target)).toEqual(["/data/app", "/data/app2"]);
  });
});

describe("how much is lost", () => {
  it("is what the live data are ahead of the backup", () => {
    const places = [
      place("/a", "sqlite", "2026-01-02T10:00:00Z"),
      place("/b", "directory", "2026-01-02T12:00:00Z"),
      place(null, "settings"),
    ];
    expect(lostSpan("2026-01-02T09:00:00Z", places)).toBe(3 * 3600);
  });

  it("is not known where nothing was written since", () => {
    expect(lostSpan("2026-01-02T09:00:00Z", [place("/a", "sqlite", "2026-01-02T08:00:00Z")])).toBe(
      null,
    );
    expect(lostSpan("2026-01-02T09:00:00Z", [])).toBe(null);
  });

  it("is said in one unit", () => {
    expect(formatSpan(61, "en")).toBe("1 minute");
    expect(formatSpan(3 * 3600 + 60, "en")).toBe("3 hours");
    expect(formatSpan(2.6 * 86_400, "de")).toBe("3 Tage");
  });
});
