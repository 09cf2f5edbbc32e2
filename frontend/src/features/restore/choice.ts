import type { BackupShape, PlanShape, SourceShape } from "@/api/generated/plan";
import type { RestoreChoice } from "@/backup/hooks/useStartRestore";

/** What stands in the address where a backup's id would, for an archive that is sent. */
export const UPLOAD = "upload";

/** How somebody wants to restore, as the form has it. */
export interface Wanted {
  /** In place of the live data, or into a new folder beside which nothing changes. */
  target: "live" | "copy";
  safety: boolean;
  /** Names of sources; null for all that the backup holds. */
  sources: readonly string[] | null;
  paths: string[];
  tables: string[];
  otherSchema: "refuse" | "migrate" | "take";
  keepOld: boolean;
  trustDump: boolean;
}

/** Return what is wanted unless somebody says otherwise: all of it, with a safety backup. */
export function newWanted(plan: Pick<PlanShape, "safety_backup"> | undefined): Wanted {
  return {
    target: "live",
    safety: plan?.safety_backup ?? true,
    sources: null,
    paths: [],
    tables: [],
    otherSchema: "refuse",
    keepOld: true,
    trustDump: false,
  };
}

/** Return it as the server takes it. */
export function choiceOf(wanted: Wanted): RestoreChoice {
  return isCopy(wanted) ? copyOf(wanted) : liveOf(wanted);
}

/** Whether a new folder is wanted, and all live data stay as they are. */
export function isCopy({ target }: Pick<Wanted, "target">): boolean {
  return target === "copy";
}

/** Only what a copy knows: what was chosen before for live data is refused for one. */
function copyOf({ sources, paths }: Wanted): RestoreChoice {
  const named = paths.map(cleanPath);
  // To a copy, sources and paths add up; on the form, paths are all that is wanted.
  return { target: "copy", sources: named.length > 0 ? [] : [...(sources ?? [])], paths: named };
}

function liveOf(wanted: Wanted): RestoreChoice {
  return {
    target: "live",
    create_safety_backup: wanted.safety,
    sources: [...(wanted.sources ?? [])],
    paths: wanted.paths.map(cleanPath),
    tables: wanted.tables,
    other_schema: wanted.otherSchema,
    keep_old: wanted.keepOld,
    trust_dump: wanted.trustDump,
  };
}

function cleanPath(path: string): string {
  return path.trim().replace(/^\/+|\/+$/g, "");
}

/** Whether only some of a backup is restored. */
export function isPartial(wanted: Wanted): boolean {
  return wanted.sources !== null || wanted.paths.length > 0 || wanted.tables.length > 0;
}

/** Whether a backup lacks some of the plan, which then stays as it is. */
export function leavesOut(
  plan: Pick<PlanShape, "sources">,
  contents: Readonly<Record<string, number>>,
): boolean {
  return plan.sources.some((each) => !(each.root in contents));
}

/** How many of the options below "Advanced" are not as they are by default. */
export function countAdvanced(wanted: Wanted): number {
  return [
    wanted.paths.length > 0,
    wanted.tables.length > 0,
    wanted.otherSchema !== "refuse",
    !wanted.keepOld,
    wanted.trustDump,
  ].filter(Boolean).length;
}

/** A source of the plan, and what a backup holds of it: null if nothing, undefined if not known. */
export interface Part {
  source: SourceShape;
  held: { size_bytes: number; count: number } | null | undefined;
}

/** Return the parts that can be chosen. */
export function partsOf(
  sources: readonly SourceShape[],
  backup: Pick<BackupShape, "contents"> | undefined,
): Part[] {
  const contents = backup?.contents;
  return sources.map((source) => ({
    source,
    held: contents ? (contents.find((each) => each.root === source.root) ?? null) : undefined,
  }));
}

/** Return the sources that are chosen after one was ticked or unticked; null for all there are. */
export function toggled(
  chosen: readonly string[] | null,
  name: string,
  parts: readonly Part[],
): string[] | null {
  const possible = parts.filter((each) => each.held !== null).map((each) => each.source.name);
  const before = new Set(chosen ?? possible);
  if (!before.delete(name)) before.add(name);
  const after = possible.filter((each) => before.has(each));
  return after.length === possible.length ? null : after;
}

const SERVERS: ReadonlySet<string> = new Set(["postgresql", "mysql"]);

/** Whether a plan has a database on a server, of which single tables can be restored. */
export function hasServer(sources: readonly Pick<SourceShape, "kind">[]): boolean {
  return sources.some((each) => SERVERS.has(each.kind));
}

/** The folder whose entries complete a path that is being typed. */
export function folderOf(typed: string): string {
  const end = typed.lastIndexOf("/");
  return end < 0 ? "" : typed.slice(0, end);
}
