import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { first } from "@/locales/en/first";

const MANTINE = "node_modules/@mantine";
const SHEETS = `${MANTINE}/core/styles`;
/** What is loaded before it can be used, and what is loaded when it is opened. */
const FIRST = ["src/app/main.tsx", "src/features/overview/Overview.tsx"];
const ALL = globSync("src/**/*.{ts,tsx}", { exclude: ["src/api/generated/**"] });
/** Parts that some components have only when asked for, which nothing here does. */
const UNUSED = ["MenuSearch"];

const IMPORT = /^import (?!type\b)\{?([^;{}"]*)\}?\s*from "([^"]+)";/gm;
const LOADED = /^(?:import|export) (?!type\b)[^;"]*"([^"]+)";/gm;

/** The files that are loaded with some: those that they import, not those that come on demand. */
function withImports(files: string[]): string[] {
  const found = new Set<string>();
  const visit = (file: string) => {
    if (found.has(file)) return;
    found.add(file);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(LOADED)) {
      const base = path.replace("@/", "src/");
      const own = [".ts", ".tsx", "/index.ts"].map((end) => base + end).find(existsSync);
      if (path.startsWith("@/") && own) visit(own);
    }
  };
  files.forEach(visit);
  return [...found];
}

/** The components of Mantine that files import. */
function componentsIn(files: string[]): string[] {
  const names = new Set<string>();
  for (const file of files) {
    for (const [, list = "", from = ""] of readFileSync(file, "utf8").matchAll(IMPORT)) {
      if (from !== "@mantine/core") continue;
      for (const name of list.split(",")) names.add(name.trim());
    }
  }
  return [...names].filter((each) => each && !each.startsWith("type "));
}

/** The sheets of components, and of the components that these are made of. */
function sheetsOf(components: string[]): string[] {
  const seen = new Set<string>();
  const sheets = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file) || UNUSED.some((each) => file.endsWith(`/${each}.mjs`))) return;
    seen.add(file);
    const sheet = /(\w+)\.module\.mjs$/.exec(file)?.[1];
    if (sheet && existsSync(`${SHEETS}/${sheet}.css`)) sheets.add(sheet);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)"/g)) {
      const made = join(dirname(file), path);
      if (/\/(components|utils)\//.test(made)) visit(made);
    }
  };
  for (const name of components) {
    for (const file of globSync(`${MANTINE}/core/esm/{components,utils}/**/${name}.mjs`))
      visit(file);
  }
  return [...sheets].sort();
}

function sheetsIn(path: string): string[] {
  const found = readFileSync(path, "utf8").matchAll(/@mantine\/core\/styles\/([\w-]+)\.css/g);
  return [...found].map((each) => each[1] ?? "");
}

/** Of components of Mantine's other packages. */
const OTHERS = globSync(`${MANTINE}/{notifications,dropzone}/esm/**/*.mjs`);
const NOTIFICATIONS = OTHERS.filter((each) => each.includes("/notifications/"));
const firstSheets = sheetsIn("src/app/first.css");
const allSheets = [...firstSheets, ...sheetsIn("src/app/rest.css")];

test("the first load has the styles of every component that it shows", () => {
  const needed = sheetsOf(componentsIn([...withImports(FIRST), ...NOTIFICATIONS]));
  expect(needed.length).toBeGreaterThan(20);
  expect(needed.filter((each) => !firstSheets.includes(each))).toEqual([]);
});

test("the screens have the styles of every component that there is", () => {
  const needed = sheetsOf(componentsIn([...ALL, ...OTHERS]));
  expect(needed.length).toBeGreaterThan(50);
  expect(needed.filter((each) => !allSheets.includes(each))).toEqual([]);
});

test("no styles are loaded that nothing needs, and none twice", () => {
  const needed = sheetsOf(componentsIn([...ALL, ...OTHERS]));
  const page = ["baseline", "default-css-variables", "global"];
  expect(allSheets.toSorted()).toEqual([...page, ...needed].toSorted());
});

test("styles are in the order of Mantine, in which later ones change earlier ones", () => {
  const whole = readFileSync(`${MANTINE}/core/styles.css`, "utf8");
  const placeOf = (sheet: string) =>
    whole.indexOf(readFileSync(`${SHEETS}/${sheet}.css`, "utf8").trim().slice(0, 400));
  for (const sheets of [firstSheets, sheetsIn("src/app/rest.css")]) {
    expect(sheets.map(placeOf)).toEqual(sheets.map(placeOf).toSorted((a, b) => a - b));
  }
});

test("the first load has all texts that it says", () => {
  const said = withImports(FIRST).flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/useTranslation\(([^)]*)\)|ns: ("\w+")/g)].flatMap(
      ([, asked, other]) => [...(other || asked || '"common"').matchAll(/"(\w+)"/g)],
    ),
  );
  const namespaces = new Set(said.map((each) => each[1] ?? ""));
  expect(namespaces).toContain("overview");
  expect([...namespaces].filter((each) => !(each in first))).toEqual([]);
});
