import "@/app/first.css";
import "@/app/page.css";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { returnToScreen } from "@/features/session/wayBack";
import { createTexts, LANGUAGES, type Language, preferredLanguage, speak } from "@/i18n/i18n";
import { arriving } from "@/parts/reach";

// The policy of the server allows the styles that carry this, and no others.
const nonce = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content ?? "";
setNonce(nonce);

const texts = createTexts();
texts.on("languageChanged", (language) => {
  document.documentElement.lang = language;
});
const kept = localStorage.getItem("holdfast-language");
const language = kept !== null && kept in LANGUAGES ? (kept as Language) : preferredLanguage();

returnToScreen();

function show(): void {
  const root = document.getElementById("root");
  if (root === null) throw new Error("index.html has no #root");
  createRoot(root).render(
    <StrictMode>
      <App texts={texts} nonce={nonce} />
    </StrictMode>,
  );
}

void arriving(() => speak(texts, language)).then(show, show);
