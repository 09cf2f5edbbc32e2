import { describe, expect, it } from "vitest";
import { partsOf } from "@/app/address";

describe("the address of a screen", () => {
  it("has its path and its query behind the #", () => {
    expect(partsOf("#/backups?status=failed&tag=a")).toEqual({
      path: "/backups",
      search: "status=failed&tag=a",
    });
  });

  it("is the first screen where there is none", () => {
    expect(partsOf("")).toEqual({ path: "/", search: "" });
  });

  it("may have a question mark in its query", () => {
    expect(partsOf("/backups?text=why?").search).toBe("text=why?");
  });
});
