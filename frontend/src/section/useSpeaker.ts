import { useCallback, useState, useSyncExternalStore } from "react";

const sections: object[] = [];
const listeners = new Set<() => void>();
const tell = () => {
  for (const each of listeners) each();
};

/** Whether this is the first section of the page, which shows the notices of all of them. */
export function useSpeaker(): boolean {
  const [own] = useState(() => ({}));
  const subscribe = useCallback(
    (listener: () => void) => {
      sections.push(own);
      listeners.add(listener);
      tell();
      return () => {
        sections.splice(sections.indexOf(own), 1);
        listeners.delete(listener);
        tell();
      };
    },
    [own],
  );
  return useSyncExternalStore(
    subscribe,
    () => sections[0] === own,
    () => false,
  );
}
