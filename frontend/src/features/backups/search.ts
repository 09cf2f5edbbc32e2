import type { ContentsPage } from "@/api/generated/plan";

/** How many more a search brings before it waits to be asked again. */
export const AT_ONCE = 100;

/** How far a search has come. */
export interface Search {
  found: number;
  /** How many entries of the backup were looked at. */
  visited: number;
  /**
   * `done`: everything was looked at. `more`: there is more, or may be, for who asks for it.
   * `goes on`: the server stopped because it had looked at so many, and too few were found.
   */
  stand: "done" | "more" | "goes on";
}

/** Say how far a search has come by its pages so far, of which so many entries are wanted. */
export function searchOf(
  pages: ReadonlyArray<Pick<ContentsPage, "entries" | "visited" | "cut_short" | "next_cursor">>,
  wanted: number,
): Search {
  const found = pages.reduce((sum, page) => sum + page.entries.length, 0);
  const visited = pages.reduce((sum, page) => sum + (page.visited ?? 0), 0);
  const last = pages.at(-1);
  if (!last?.next_cursor) return { found, visited, stand: "done" };
  return { found, visited, stand: last.cut_short && found < wanted ? "goes on" : "more" };
}
