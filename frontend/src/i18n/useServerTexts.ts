import { useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import type { Language } from "@/i18n/i18n";
import { type ServerTexts, Translator } from "@/i18n/translator";

/** What the server says, in each language but its own. */
const LOADERS: Record<Exclude<Language, "en">, () => Promise<{ default: ServerTexts }>> = {
  de: () => import("@/locales/de/server.json"),
};

/** By language: null while it is loaded, and `none` where that failed, so that English stays. */
const translators = new Map<string, Translator | null | "none">();
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function learn(language: keyof typeof LOADERS): Promise<void> {
  if (translators.has(language)) return;
  translators.set(language, null);
  try {
    const texts = await LOADERS[language]();
    translators.set(language, new Translator(texts.default, language));
  } catch {
    translators.set(language, "none");
  }
  for (const each of listeners) each();
}

/**
 * What says the server's sentences in the language of the page; it is loaded when it is first used.
 *
 * `none`: they are said as they are. null: not loaded yet.
 */
export function useServerTexts(): Translator | null | "none" {
  const { language } = useTranslation().i18n;
  const isOther = language in LOADERS;
  useEffect(() => {
    if (isOther) void learn(language as keyof typeof LOADERS);
  }, [isOther, language]);
  return useSyncExternalStore(subscribe, () =>
    isOther ? (translators.get(language) ?? null) : "none",
  );
}
