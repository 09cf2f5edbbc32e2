import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import type { Kind, Piece } from "@/i18n/translator";
import { useServerTexts } from "@/i18n/useServerTexts";

interface SaidProps {
  children: string;
  kind?: Kind;
}

/** What the server says, in the page's language as far as it is known, else marked as English. */
export function Said({ children: text, kind = "sentence" }: SaidProps) {
  const translator = useServerTexts();
  if (translator === "none") return <Own text={text} />;
  // It keeps its room until its language is there, so that nothing is read out twice.
  if (translator === null) return <span style={{ visibility: "hidden" }}>{text}</span>;
  return <Pieces pieces={translator.say(kind, text) ?? [{ text, foreign: true }]} />;
}

/** What went wrong: the server's sentence; or what its code means, and the sentence as a detail. */
export function SaidProblem({ code, message }: { code: string; message: string }) {
  const { t } = useTranslation();
  const translator = useServerTexts();
  if (translator === null || translator === "none") return <Said>{message}</Said>;
  const meaning = translator.problem(code);
  const said = translator.say("sentence", message);
  // One that starts in English has a name only after it: the code says more.
  const isKnown = said !== null && !said[0]?.foreign;
  if (isKnown || meaning === null) return <Said>{message}</Said>;
  return (
    <>
      {meaning} {t("words.details")}: <Pieces pieces={said ?? [{ text: message, foreign: true }]} />
    </>
  );
}

function Pieces({ pieces }: { pieces: readonly Piece[] }) {
  return pieces.map(({ text, foreign }, place) => (
    <Fragment key={`${place} ${text}`}>{foreign ? <Own text={text} /> : text}</Fragment>
  ));
}

/** In the server's own words; of another language than the text around them, where that differs. */
function Own({ text }: { text: string }) {
  const { i18n } = useTranslation();
  return i18n.language === "en" ? text : <span lang="en">{text}</span>;
}
