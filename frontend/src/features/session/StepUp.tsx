import { lazy, Suspense, useEffect, useEffectEvent, useLayoutEffect, useState } from "react";
import type { Me } from "@/api/generated/server";
import { watch } from "@/api/server";
import { whole } from "@/app/whole";
import { isStepUpDue } from "@/features/session/stepUpDue";

const StepUpDialog = lazy(whole(() => import("@/features/session/StepUpDialog")));

/** Asks for the password again when the server wants it; whatever was begun then goes on. */
export function StepUp({ me }: { me: Me }) {
  const [answer, setAnswer] = useState<((given: boolean) => void) | null>(null);

  useEffect(() => {
    let asked: Promise<boolean> | null = null;
    watch.stepUp = () => {
      // Several requests may be refused at once; one password serves them all.
      asked ??= new Promise<boolean>((resolve) => setAnswer(() => resolve)).finally(() => {
        asked = null;
      });
      return asked;
    };
    watch.isStepUpDue = isStepUpDue;
    return () => {
      watch.stepUp = undefined;
      watch.isStepUpDue = undefined;
    };
  }, []);

  const end = (given: boolean) => {
    answer?.(given);
    setAnswer(null);
  };
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (answer === null || event.key !== "Escape" || event.isComposing) return;
    event.stopImmediatePropagation();
    end(false);
  });
  // Each dialog listens at the window for this key: it is heard there first by who came first.
  useLayoutEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    addEventListener("keydown", listener, { capture: true });
    return () => removeEventListener("keydown", listener, { capture: true });
  }, []);

  if (answer === null) return null;
  return (
    <Suspense>
      <StepUpDialog me={me} onEnd={end} />
    </Suspense>
  );
}
