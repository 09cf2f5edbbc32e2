import { useEffect, useRef, useState } from "react";

/** Holds back who leaves with unsaved changes; gives where to, until they stay or go. */
export function useLeaveGuard(unsaved: boolean) {
  const [wanted, setWanted] = useState<string | null>(null);
  const here = useRef(location.hash);

  useEffect(() => {
    if (!unsaved) return;
    here.current = location.hash;
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    const onHash = (event: Event) => {
      if (location.hash === here.current) return;
      // Before the router hears of it, whether by a link or by the browser's own buttons.
      event.stopImmediatePropagation();
      setWanted(location.hash);
      history.pushState(null, "", here.current);
      // Whoever looked at the address in between looks again.
      dispatchEvent(new HashChangeEvent("hashchange"));
    };
    addEventListener("beforeunload", onUnload);
    addEventListener("hashchange", onHash, { capture: true });
    return () => {
      removeEventListener("beforeunload", onUnload);
      removeEventListener("hashchange", onHash, { capture: true });
    };
  }, [unsaved]);

  return {
    wanted,
    stay: () => setWanted(null),
    leave: () => {
      const to = wanted ?? "";
      here.current = to;
      setWanted(null);
      location.hash = to;
    },
  };
}
