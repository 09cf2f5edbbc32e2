import { useState } from "react";
import { changedParts, type Draft, draftOf } from "@/features/schedule/draft";
import type { ReadSchedule } from "@/features/schedule/useSchedule";

/** The draft of the schedule, and what it began with: the server's may have moved on since. */
export function useDraft(current: ReadSchedule) {
  const [base, setBase] = useState(current);
  const [draft, setDraft] = useState(() => draftOf(current.schedule));
  const parts = changedParts(draft, base.schedule);
  const moved = base.schedule.version !== current.schedule.version;

  const load = (read: ReadSchedule) => {
    setBase(read);
    setDraft(draftOf(read.schedule));
  };
  // What was saved is what the draft says, or nothing of the reader's is lost: no conflict.
  const agreed = parts.length === 0 || changedParts(draft, current.schedule).length === 0;
  if (moved && agreed) load(current);

  return {
    draft,
    base,
    parts,
    /** Whether somebody else changed the schedule while this draft was written. */
    conflict: moved && !agreed,
    change: (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes })),
    load,
    /** Go on with the draft upon what somebody else saved. */
    rebase: () => setBase(current),
  };
}
