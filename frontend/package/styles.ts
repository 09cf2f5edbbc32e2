/**
 * Write Mantine's styles for pages that are not by Mantine: what would be put on the whole page is
 * put on the section alone. The rest are classes with names that nobody else has.
 *
 *     node package/styles.ts dist/standalone.css
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import postcss, { type Rule } from "postcss";

const SCOPE = ".holdfast-section";
const PAGE = new Set([":root", ":host", "body"]);
/** Set anew by the section's own provider. */
const VARIABLE = /^--mantine-/;
const OWN_CLASS = /\.(m_|m-|mantine-)/;

const source = fileURLToPath(import.meta.resolve("@mantine/core/styles.css"));
const styles = postcss.parse(readFileSync(source, "utf8"), { from: source });

function scoped(selector: string): string {
  if (PAGE.has(selector)) return SCOPE;
  return OWN_CLASS.test(selector) ? selector : `:where(${SCOPE}) ${selector}`;
}

function isOfPage(rule: Rule): boolean {
  return rule.selectors.some((each) => PAGE.has(each.replace(/\[.*|\(.*/, "")));
}

styles.walkRules((rule) => {
  if (
    rule.parent?.type === "atrule" &&
    /keyframes$/.test((rule.parent as { name?: string }).name ?? "")
  )
    return;
  if (isOfPage(rule)) {
    // The variables; and the ground, which is that of the page around.
    rule.walkDecls((each) => {
      if (VARIABLE.test(each.prop) || each.prop === "background-color") each.remove();
    });
    if (rule.nodes.length === 0) return void rule.remove();
  }
  rule.selectors = [...new Set(rule.selectors.map(scoped))];
});
writeFileSync(process.argv[2] ?? "", styles.toString());
