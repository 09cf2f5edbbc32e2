import type { QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { toProblem } from "@/api/problem";
import { lookForServer, noteLost, noteReached, useIsLost } from "@/parts/reach";

/** Watch by what is asked whether the server answers; when it does again, ask anew. */
export function useReach(cache: QueryClient): void {
  const isLost = useIsLost();
  useEffect(
    () =>
      cache.getQueryCache().subscribe((event) => {
        if (event.type !== "updated") return;
        const { action } = event;
        if (action.type === "success" && !action.manual) noteReached();
        const failed = action.type === "error" || action.type === "failed";
        if (failed && toProblem(action.error).status === 0) noteLost();
      }),
    [cache],
  );
  useEffect(() => {
    const look = () => void lookForServer();
    for (const each of ["online", "offline"]) addEventListener(each, look);
    return () => {
      for (const each of ["online", "offline"]) removeEventListener(each, look);
    };
  }, []);
  useEffect(() => {
    if (!isLost) return;
    return () => void cache.invalidateQueries();
  }, [cache, isLost]);
}
