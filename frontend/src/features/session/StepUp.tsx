import { lazy, Suspense, useEffect, useState } from "react";
import type { Me } from "@/api/generated/server";
import { watch } from "@/api/server";

const StepUpDialog = lazy(() => import("@/features/session/StepUpDialog"));

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
    return () => {
      watch.stepUp = undefined;
    };
  }, []);

  if (answer === null) return null;
  const end = (given: boolean) => {
    answer(given);
    setAnswer(null);
  };
  return (
    <Suspense>
      <StepUpDialog me={me} onEnd={end} />
    </Suspense>
  );
}
