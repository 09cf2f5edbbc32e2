import { createInstance, type i18n as I18n } from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "@/locales/en";

/** The languages there are, each by its own name. A further one is a folder in src/locales. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const LOADERS: Record<Exclude<Language, "en">, () => Promise<{ texts: object }>> = {
  de: () => import("@/locales/de"),
};

/** Return the texts in English; other languages are loaded when they are chosen. */
export function createTexts(): I18n {
  const texts = createInstance();
  void texts.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en },
    defaultNS: "common",
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return texts;
}

/** Speak another language from now on. */
export async function speak(texts: I18n, language: Language): Promise<void> {
  if (language !== "en" && !texts.hasResourceBundle(language, "common")) {
    const { texts: loaded } = await LOADERS[language]();
    for (const [namespace, found] of Object.entries(loaded)) {
      texts.addResourceBundle(language, namespace, found);
    }
  }
  await texts.changeLanguage(language);
}

/** The language that the browser's user reads best, of those there are. */
export function preferredLanguage(wanted: readonly string[] = navigator.languages): Language {
  const known = wanted.map((each) => each.slice(0, 2).toLowerCase());
  return known.find((each): each is Language => each in LANGUAGES) ?? "en";
}
