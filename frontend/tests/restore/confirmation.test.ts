import { describe, expect, it } from "vitest";
import { Problem } from "@/api/problem";
import { isStale, isTyped, secondsLeft, wordToType } from "@/restore/confirmation";
import { archiveKind, refusalOf } from "@/restore/files";

describe("what must be typed", () => {
  const plan = { name: "shop", app: "storefront" };
  it("is the name of the live data, if they have one", () => {
    expect(wordToType({ confirm_with: "production" }, plan, "restore")).toBe("production");
  });
  it("is else the plan's name, or the application's where the plan has none of its own", () => {
    expect(wordToType({ confirm_with: null }, plan, "restore")).toBe("shop");
    expect(wordToType({ confirm_with: null }, { ...plan, name: "default" }, "x")).toBe(
      "storefront",
    );
  });
  it("is a word where no name is known", () => {
    expect(wordToType({ confirm_with: null }, undefined, "restore")).toBe("restore");
    expect(wordToType({ confirm_with: null }, { name: "default", app: "" }, "restore")).toBe(
      "restore",
    );
  });
  it("is typed as it is written", () => {
    expect(isTyped(" shop ", "shop")).toBe(true);
    expect(isTyped("Shop", "shop")).toBe(false);
    expect(isTyped("", "shop")).toBe(false);
  });
});

describe("an offer", () => {
  it("can be confirmed until it expires", () => {
    const offer = { expires_at: "2026-01-01T12:30:00Z" };
    expect(secondsLeft(offer, new Date("2026-01-01T12:00:30Z"))).toBe(29 * 60 + 30);
    expect(secondsLeft(offer, new Date("2026-01-01T12:31:00Z"))).toBe(0);
  });
  it("is looked at again where the server no longer takes it, and not for other failures", () => {
    const problem = (code: string) => new Problem({ status: 404, detail: "", code });
    expect(isStale(problem("upload-not-found"))).toBe(true);
    expect(isStale(problem("confirmation-required"))).toBe(true);
    expect(isStale(problem("target-exists")), "a copy's folder came to be").toBe(true);
    expect(isStale(problem("backup-busy"))).toBe(false);
    expect(isStale(new TypeError("no network"))).toBe(false);
  });
});

describe("a file", () => {
  it("is known by its name", () => {
    expect(archiveKind("Backup.ZIP")).toBe("plain");
    expect(archiveKind("backup.zip.age")).toBe("encrypted");
    expect(archiveKind("backup.tar.gz")).toBe(null);
  });
  it("is refused before it is sent, if the server would refuse it", () => {
    expect(refusalOf({ name: "a.txt", size: 1 }, 10)).toBe("kind");
    expect(refusalOf({ name: "a.zip", size: 0 }, 10)).toBe("empty");
    expect(refusalOf({ name: "a.zip", size: 11 }, 10)).toBe("large");
    expect(refusalOf({ name: "a.zip", size: 10 }, 10)).toBe(null);
    expect(refusalOf({ name: "a.zip", size: 11 }, undefined)).toBe(null);
  });
});
