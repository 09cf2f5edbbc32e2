import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Kind } from "@/i18n/translator";

interface SaidProps {
  children: string;
  kind?: Kind;
}

interface SaidProblemProps {
  code: string;
  message: string;
}

// Whoever reads English needs none of it. Where it cannot be loaded, English stays.
const Translated = lazy(() =>
  import("@/parts/Translated").catch(() => ({
    default: ({ text }: { text: string }) => <span lang="en">{text}</span>,
  })),
);

/** What the server says, in the page's language as far as it is known, else marked as English. */
export function Said({ children, kind }: SaidProps) {
  return <Words text={children} kind={kind} />;
}

/** What went wrong: the server's sentence; or what its code means, and the sentence as a detail. */
export function SaidProblem({ code, message }: SaidProblemProps) {
  return <Words text={message} code={code} />;
}

function Words(props: { text: string; kind?: Kind; code?: string }) {
  const { i18n } = useTranslation();
  if (i18n.language === "en") return props.text;
  // It keeps its room until its language is there, so that nothing is read out twice.
  const room = <span style={{ visibility: "hidden" }}>{props.text}</span>;
  return (
    <Suspense fallback={room}>
      <Translated {...props} />
    </Suspense>
  );
}
