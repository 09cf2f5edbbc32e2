/**
 * Make the declarations that `tsc` wrote usable outside of this project: relative paths instead of
 * "@/", and only those files that the entry leads to.
 *
 *     node package/types.ts dist/types package
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const STYLES = /^import "[^"]*\.css";\n/gm;
const SPECIFIER = /(\bfrom\s*|\bimport\s*\(\s*|\bimport\s*)(["'])(@\/|\.\.?\/)([^"']*)\2/g;

const [folder = "", entry = ""] = process.argv.slice(2);
const root = resolve(folder);
const kept = new Set<string>();
const waiting = [`${join(root, entry)}.d.ts`];

function fileOf(path: string): string {
  const found = [`${path}.d.ts`, join(path, "index.d.ts"), path].find((each) => existsSync(each));
  if (found === undefined) throw new Error(`No declarations are at ${path}`);
  return found;
}

function rewritten(file: string): string {
  const text = readFileSync(file, "utf8").replace(STYLES, "");
  return text.replace(SPECIFIER, (_, before, quote, kind, path) => {
    const target = fileOf(kind === "@/" ? join(root, path) : resolve(dirname(file), kind + path));
    waiting.push(target);
    const from = relative(dirname(file), target).replace(/\.d\.ts$/, ".js");
    return `${before}${quote}${from.startsWith(".") ? from : `./${from}`}${quote}`;
  });
}

for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (kept.has(file)) continue;
  kept.add(file);
  const text = rewritten(file);
  if (text.includes('"@/')) throw new Error(`${file} still names what only this project knows`);
  writeFileSync(file, text);
}
for (const file of globSync("**/*", { cwd: root, withFileTypes: true })) {
  const path = join(file.parentPath, file.name);
  if (file.isFile() && !kept.has(path)) rmSync(path);
}
for (const file of globSync("**/", { cwd: root }).toSorted().toReversed()) {
  const path = join(root, file);
  if (existsSync(path) && globSync("*", { cwd: path }).length === 0)
    rmSync(path, { recursive: true });
}
