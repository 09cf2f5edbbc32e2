import { useIsomorphicEffect } from "@mantine/hooks";
import { useCallback, useRef } from "react";

type Call = (...given: never[]) => unknown;

/** One function for as long as a component lives, which does what the newest one does. */
export function useNewest<F extends Call>(given: F): F {
  const newest = useRef(given);
  useIsomorphicEffect(() => {
    newest.current = given;
  });
  return useCallback(((...values) => newest.current(...values)) as F, []);
}
