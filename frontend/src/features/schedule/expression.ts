/** The fields of an expression, and the numbers that they may hold. */
const FIELDS = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day", least: 1, most: 31 },
  { name: "month", least: 1, most: 12 },
  { name: "weekday", least: 0, most: 7 },
] as const;

/** Names that many programs know; the server reads five fields only. */
const NAMED: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** What is wrong with an expression: its number of fields, or one of them. */
export type Fault = "count" | (typeof FIELDS)[number]["name"];

/** Return an expression of five fields for one that is a name, such as `@daily`. */
export function spelledOut(expression: string): string {
  const given = expression.trim();
  return NAMED[given.toLowerCase()] ?? given;
}

/** Return what the server would refuse for certain; the rest it says itself. */
export function faultOf(expression: string): Fault | null {
  const fields = spelledOut(expression).split(/\s+/);
  if (fields.length !== FIELDS.length) return "count";
  return FIELDS.find(({ least, most }, at) => !canBe(fields[at] ?? "", least, most))?.name ?? null;
}

function canBe(field: string, least: number, most: number): boolean {
  return field.split(",").every((part) => {
    const [, values = "", steps] = /^([^/#]+)(?:[/#](.*))?$/.exec(part) ?? [];
    if (values === "" || (steps !== undefined && !/^[1-9]\d*$/.test(steps))) return false;
    return values.split("-").every((each) => {
      if (!/^\d+$/.test(each)) return /^(\*|\?|\d*[a-z]+)$/i.test(each);
      return Number(each) >= least && Number(each) <= most;
    });
  });
}
