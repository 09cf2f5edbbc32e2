import { lazy, Suspense, useEffectEvent, useLayoutEffect } from "react";
import type { Me } from "@/api/generated/server";
import { whole } from "@/app/whole";

const LogInDialog = lazy(whole(() => import("@/features/session/LogInDialog")));

/** Asks for the login over the page whose login has ended: what is on the page stays. */
export function EndedLogin({ visitor, ended }: { visitor: Me; ended: boolean }) {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (ended && event.key === "Escape") event.stopImmediatePropagation();
  });
  // Each dialog listens at the window for this key: a dialog of the page must not hear it now.
  useLayoutEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    addEventListener("keydown", listener, { capture: true });
    return () => removeEventListener("keydown", listener, { capture: true });
  }, []);
  return <Suspense>{ended && <LogInDialog visitor={visitor} />}</Suspense>;
}
