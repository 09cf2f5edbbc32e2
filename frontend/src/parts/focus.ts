import { useEffect, useRef } from "react";

/** Give the focus back to whatever had it, when a dialog that stands for a while is gone. */
export function useReturnFocus(): void {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (!(before instanceof HTMLElement)) return;
      // After the dialog has let go of it.
      setTimeout(() => before.isConnected && before.focus({ preventScroll: true }));
    };
  }, []);
}

/** A heading that takes the focus when it comes to stand where something else was. */
export function useArrival<T extends HTMLElement>() {
  const heading = useRef<T>(null);
  useEffect(() => heading.current?.focus(), []);
  return {
    ref: heading,
    tabIndex: -1,
    // Below the header of the page, which covers what is at the top.
    style: { outline: "none", scrollMarginTop: 76 },
  };
}
