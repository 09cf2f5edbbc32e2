import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import type { Kind, Piece } from "@/i18n/translator";
import { useServerTexts } from "@/i18n/useServerTexts";

interface TranslatedProps {
  text: string;
  kind?: Kind;
  /** Of a problem: what it means is said where the sentence is not known. */
  code?: string;
}

/** What the server says, in a language that is not its own. */
export default function Translated({ text, kind = "sentence", code }: TranslatedProps) {
  const { t } = useTranslation();
  const translator = useServerTexts();
  if (translator === null) return <span style={{ visibility: "hidden" }}>{text}</span>;
  const unknown = [{ text, foreign: true }];
  if (translator === "none") return <Pieces pieces={unknown} />;
  const said = translator.say(kind, text);
  const meaning = code === undefined ? null : translator.problem(code);
  // One that starts in English has a name only after it: the code says more.
  if (meaning === null || (said !== null && !said[0]?.foreign)) {
    return <Pieces pieces={said ?? unknown} />;
  }
  return (
    <>
      {meaning} {t("words.details")}: <Pieces pieces={said ?? unknown} />
    </>
  );
}

function Pieces({ pieces }: { pieces: readonly Piece[] }) {
  return pieces.map(({ text, foreign }, place) => (
    <Fragment key={`${place} ${text}`}>{foreign ? <span lang="en">{text}</span> : text}</Fragment>
  ));
}
