import { createContext, type ReactNode, Suspense, useContext, useRef, useState } from "react";
import type { BackupShape } from "@/api/generated/plan";
import type { BatchKind } from "@/features/backups/batch";
import { lazily } from "@/parts/lazily";

const CreateDialog = lazily(() => import("@/features/backups/CreateDialog"));
const BatchDialog = lazily(() => import("@/features/backups/BatchDialog"));
const DescribeDialog = lazily(() => import("@/features/backups/DescribeDialog"));

/** What the reader began and is asked about. */
export type Asked =
  | { kind: "create" }
  | { kind: "describe"; backup: BackupShape }
  | { kind: BatchKind; backups: BackupShape[] };

interface Asking {
  /** Whether a dialog is open: what lies below must not take its keys. */
  asked: boolean;
  ask: (what: Asked) => void;
  /** The backups that were deleted on this screen: they are on no page any more. */
  gone: ReadonlySet<string>;
  noteGone: (id: string) => void;
}

const AskingContext = createContext<Asking>({
  asked: false,
  ask: () => undefined,
  gone: new Set(),
  noteGone: () => undefined,
});

/** The way to open a dialog of this screen. */
export const useAsking = () => useContext(AskingContext);

/** Has the dialogs of this screen, and gives the focus back to where it was. */
export function AskingProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const noteGone = (id: string) => setGone((known) => new Set([...known, id]));
  const before = useRef<Element | null>(null);
  const ask = (what: Asked) => {
    before.current = focused();
    setAsked(what);
  };
  const onClose = () => {
    setAsked(null);
    // When the dialog has let go of the focus.
    setTimeout(() => focusOn(before.current));
  };
  return (
    <AskingContext value={{ asked: asked !== null, ask, gone, noteGone }}>
      {children}
      <Suspense>{asked && <Dialog asked={asked} onClose={onClose} />}</Suspense>
    </AskingContext>
  );
}

/** Give something the focus; where it is gone, as a deleted backup is, the screen. */
function focusOn(what: Element | null): void {
  const found = what?.isConnected ? what : document.getElementById("content");
  if (found instanceof HTMLElement) found.focus();
}

/** What has the focus; where that is an entry of a menu, which goes away, what opened the menu. */
function focused(): Element | null {
  const menu = document.activeElement?.closest("[role=menu]");
  const opener = menu?.getAttribute("aria-labelledby");
  return opener ? document.getElementById(opener) : document.activeElement;
}

function Dialog({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  if (asked.kind === "create") return <CreateDialog onClose={onClose} />;
  if (asked.kind === "describe") return <DescribeDialog backup={asked.backup} onClose={onClose} />;
  return <BatchDialog kind={asked.kind} backups={asked.backups} onClose={onClose} />;
}
