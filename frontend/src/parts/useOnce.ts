import { useRef } from "react";

/** As long as a double click may take, and until a button shows that it works [ms]. */
const BURST_MS = 400;

/** Do something once, however often it is asked for in the same moment, as by a double click. */
export function useOnce<A extends unknown[]>(action: (...given: A) => void): (...given: A) => void {
  const held = useRef(false);
  return (...given) => {
    if (held.current) return;
    held.current = true;
    setTimeout(() => {
      held.current = false;
    }, BURST_MS);
    action(...given);
  };
}
