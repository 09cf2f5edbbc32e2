import { useEffect, useRef } from "react";
import { useDiscardUpload } from "@/backup/hooks/useUpload";

/** Have the server remove an offer when whoever looks at it leaves, unless it is settled by then. */
export function useGivenUp(confirmation: string | null | undefined, settled: boolean): void {
  const { mutate: discard } = useDiscardUpload();
  const isSettled = useRef(settled);
  const leaving = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    isSettled.current = settled;
  }, [settled]);
  useEffect(() => {
    clearTimeout(leaving.current);
    return () => {
      if (!confirmation || isSettled.current) return;
      // Not at once: in its strict mode React takes everything away and puts it back.
      leaving.current = setTimeout(() => discard(confirmation));
    };
  }, [confirmation, discard]);
}
