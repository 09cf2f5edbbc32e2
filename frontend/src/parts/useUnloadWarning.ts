import { useEffect } from "react";

/** Have the browser ask before the page is closed, while something would be lost by it. */
export function useUnloadWarning(active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", onUnload);
    return () => removeEventListener("beforeunload", onUnload);
  }, [active]);
}
