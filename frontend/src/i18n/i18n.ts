import { createInstance, type i18n as I18n } from "i18next";
import { initReactI18next } from "react-i18next";
import { first } from "@/locales/en/first";

/** The languages there are, each by its own name. A further one is a folder in src/locales. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const LOADERS: Record<Exclude<Language, "en">, () => Promise<{ texts: object }>> = {
  de: () => import("@/locales/de"),
};

/**
 * Return the texts of the overview in English.
 *
 * Those of the other screens come with these (`whole`), other languages when they are chosen.
 */
export function createTexts(): I18n {
  const texts = createInstance();
  void texts.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: first },
    defaultNS: "common",
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return texts;
}

/** Add the English texts of all screens; where another language lacks one, they are said too. */
export async function learnEnglish(texts: I18n): Promise<void> {
  const { en } = await import("@/locales/en");
  add(texts, "en", en);
}

/** Speak another language from now on. */
export async function speak(texts: I18n, language: Language): Promise<void> {
  if (language !== "en" && !texts.hasResourceBundle(language, "common")) {
    const { texts: loaded } = await LOADERS[language]();
    add(texts, language, loaded);
  }
  await texts.changeLanguage(language);
}

function add(texts: I18n, language: Language, loaded: object): void {
  for (const [namespace, found] of Object.entries(loaded)) {
    texts.addResourceBundle(language, namespace, found);
  }
}

/** The language that the browser's user reads best, of those there are. */
export function preferredLanguage(wanted: readonly string[] = navigator.languages): Language {
  const known = wanted.map((each) => each.slice(0, 2).toLowerCase());
  return known.find((each): each is Language => each in LANGUAGES) ?? "en";
}
