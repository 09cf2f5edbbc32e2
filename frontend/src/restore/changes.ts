import type { ChangeShape, PlaceShape } from "@/api/generated/plan";

/** Rows of a table (or one setting) now and after; null where the server does not count. */
export interface TableChange {
  name: string;
  action: string;
  before: number | null;
  after: number | null;
  /** What the server says, where it says no numbers. */
  detail: string;
}

export interface FileCounts {
  created: number;
  replaced: number;
  removed: number;
  unchanged: number;
}

/** What becomes of one place: a database, a directory, or the settings. */
export interface PlaceChange {
  target: string;
  place: PlaceShape | null;
  action: string;
  detail: string;
  tables: TableChange[];
  files: FileCounts | null;
  /** Some of the files, and what else is told of the place. */
  others: ChangeShape[];
}

/** Put what would change together by the places where it changes, in the server's order. */
export function changesByPlace(
  changes: readonly ChangeShape[],
  places: readonly PlaceShape[] = [],
): PlaceChange[] {
  const found = new Map<string, PlaceChange>();
  for (const change of changes) {
    const target = targetOf(change.target, found);
    const known = found.get(target);
    if (known === undefined) found.set(target, newPlace(target, change, places));
    else if (change.target === target) addMore(known, change);
    if (change.target !== target) addPart(found.get(target) as PlaceChange, change);
  }
  return [...found.values()];
}

function targetOf(target: string, found: ReadonlyMap<string, PlaceChange>): string {
  for (const known of found.keys()) {
    if (target.startsWith(`${known}: `) || target.startsWith(`${known}/`)) return known;
  }
  const end = target.indexOf(": ");
  return end < 0 ? target : target.slice(0, end);
}

function newPlace(target: string, change: ChangeShape, places: readonly PlaceShape[]): PlaceChange {
  const own = change.target === target;
  return {
    target,
    place: places.find((each) => (each.path ?? each.kind) === target) ?? null,
    action: own ? change.action : "replace",
    detail: own ? change.detail : "",
    tables: [],
    files: own ? filesOf(change.detail) : null,
    others: [],
  };
}

function addMore(place: PlaceChange, change: ChangeShape): void {
  place.others.push(change);
}

function addPart(place: PlaceChange, change: ChangeShape): void {
  if (!change.target.startsWith(`${place.target}: `)) {
    place.others.push(change);
    return;
  }
  const name = change.target.slice(place.target.length + 2);
  place.tables.push({ name, action: change.action, detail: change.detail, ...rowsOf(change) });
}

const NUMBER = "([\\d,]+) rows?";
const FROM_TO = new RegExp(`^${NUMBER} -> ${NUMBER}$`);
const SAME = new RegExp(`^${NUMBER}, as now`);
const ONE = new RegExp(`^${NUMBER}$`);
const toNumber = (text: string | undefined) => Number((text ?? "0").replaceAll(",", ""));

function rowsOf({ action, detail }: ChangeShape): Pick<TableChange, "before" | "after"> {
  const both = FROM_TO.exec(detail);
  if (both) return { before: toNumber(both[1]), after: toNumber(both[2]) };
  const same = SAME.exec(detail);
  if (same) return { before: toNumber(same[1]), after: toNumber(same[1]) };
  const one = ONE.exec(detail);
  if (!one) return { before: null, after: null };
  const count = toNumber(one[1]);
  if (action === "create") return { before: 0, after: count };
  return action === "remove" ? { before: count, after: 0 } : { before: null, after: count };
}

const FILES = /^files: (\d+) created, (\d+) replaced, (\d+) removed, (\d+) unchanged/;

function filesOf(detail: string): FileCounts | null {
  const found = FILES.exec(detail);
  if (!found) return null;
  const [created, replaced, removed, unchanged] = found.slice(1).map(toNumber);
  return {
    created: created ?? 0,
    replaced: replaced ?? 0,
    removed: removed ?? 0,
    unchanged: unchanged ?? 0,
  };
}

/** Whether the number of rows changes, or what is there cannot be counted. */
export function isChanged({ action, before, after }: TableChange): boolean {
  if (action === "unchanged") return false;
  return action !== "replace" || before === null || before !== after;
}

/**
 * How much time the live data are ahead of a backup [s]; null if nothing was written since, as
 * far as anybody can tell.
 */
export function lostSpan(createdAt: string, places: readonly PlaceShape[]): number | null {
  const written = places.flatMap((each) =>
    each.modified_at ? [Date.parse(each.modified_at)] : [],
  );
  const ahead = (Math.max(...written, 0) - Date.parse(createdAt)) / 1000;
  return ahead > 60 ? ahead : null;
}
