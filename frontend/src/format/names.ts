/** Compare names of tables and the like as people look for them: `alembic` goes before `Track`. */
export function byName(locale: string): (one: string, other: string) => number {
  return new Intl.Collator(locale, { sensitivity: "base", numeric: true }).compare;
}
