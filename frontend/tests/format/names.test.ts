import { expect, it } from "vitest";
import { byName } from "@/format/names";

it("sorts names without regard to case, and numbers in them by their size", () => {
  const names = ["Track", "alembic_version", "part10", "Part2", "Änderung"];
  const sorted = ["alembic_version", "Änderung", "Part2", "part10", "Track"];
  expect(names.toSorted(byName("de"))).toEqual(sorted);
  expect(names.toSorted(byName("en"))).toEqual(sorted);
});
