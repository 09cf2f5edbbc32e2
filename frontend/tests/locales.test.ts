import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { de } from "@/locales/de";
import { en } from "@/locales/en";

type Texts = { [key: string]: string | Texts };

function flat(texts: Texts, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(texts)) {
    const name = prefix + key;
    if (typeof value === "string") found.set(name, value);
    else for (const [inner, text] of flat(value, `${name}.`)) found.set(inner, text);
  }
  return found;
}

const placeholders = (text: string) =>
  [...new Set([...text.matchAll(/\{\{(\w+)/g)].map((each) => each[1]))].sort();
const SOURCES = globSync("src/**/*.{ts,tsx}", { exclude: ["src/api/generated/**"] })
  .map((each) => readFileSync(each, "utf8"))
  .join("\n");

describe.each(Object.keys(en))("the texts of %s", (namespace) => {
  const ours = flat(en[namespace as keyof typeof en] as Texts);
  const theirs = flat(de[namespace as keyof typeof de] as Texts);

  it("are there in each language", () => {
    expect([...theirs.keys()].sort()).toEqual([...ours.keys()].sort());
    for (const text of [...ours.values(), ...theirs.values()]) expect(text.trim()).not.toBe("");
  });

  it("have the same places for values", () => {
    for (const [key, text] of ours) {
      // A singular may say "one" where the plural has the number.
      if (key.endsWith("_one")) continue;
      expect(placeholders(theirs.get(key) ?? ""), key).toEqual(placeholders(text));
    }
  });

  it("are all used", () => {
    const unused = [...ours.keys()].filter((key) => !isUsed(key.replace(/_(one|other)$/, "")));
    expect(unused).toEqual([]);
  });
});

/** Whether a key stands in the sources, whole or with its last parts computed. */
function isUsed(key: string): boolean {
  const parts = key.split(".");
  if (SOURCES.includes(`${key}"`) || SOURCES.includes(`${key}\``)) return true;
  return parts.some(
    (_, index) => index > 0 && SOURCES.includes(`${parts.slice(0, index).join(".")}.\${`),
  );
}
