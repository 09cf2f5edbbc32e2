import { Suspense, useEffect, useRef } from "react";
import { useParams } from "wouter";
import { AskingProvider } from "@/features/backups/asking";
import { BackupList } from "@/features/backups/BackupList";
import { useView } from "@/features/backups/useView";
import { lazily } from "@/parts/lazily";

const Details = lazily(() => import("@/features/backups/Details"));

/** The list of the backups; and beside it the one that the address names. */
export default function Backups() {
  const { id } = useParams<{ id?: string }>();
  const { leave } = useView();
  const last = useRef(id);

  useEffect(() => {
    // Back to the backup that was looked at, for those who use the keyboard.
    if (id === undefined && last.current) document.getElementById(`at-${last.current}`)?.focus();
    last.current = id;
  }, [id]);

  return (
    <AskingProvider>
      <BackupList />
      <Suspense>{id && <Details key={id} id={decodeURIComponent(id)} onClose={leave} />}</Suspense>
    </AskingProvider>
  );
}
