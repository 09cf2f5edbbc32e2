import { createInstance, type i18n as I18n } from "i18next";
import { initReactI18next } from "react-i18next";
import type { first } from "@/locales/en/first";
import type { rest } from "@/locales/en/rest";

/** The languages there are, each by its own name. A further one is a folder in src/locales. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

/** The texts of each language: what the overview says, and what the other screens say. */
const LOADERS: Record<
  Language,
  { first: () => Promise<{ first: typeof first }>; rest: () => Promise<{ rest: typeof rest }> }
> = {
  en: { first: () => import("@/locales/en/first"), rest: () => import("@/locales/en/rest") },
  de: { first: () => import("@/locales/de/first"), rest: () => import("@/locales/de/rest") },
};
/** A part that is only there with all the rest. */
const OF_REST = "backups" satisfies keyof typeof rest;

/** Return what says texts; it knows those that are given, until it is to `speak`. */
export function createTexts(known: Partial<Record<Language, object>> = {}): I18n {
  const texts = createInstance();
  void texts.use(initReactI18next).init({
    lng: "en",
    // A text that a language lacks is an error of types.
    fallbackLng: false,
    resources: known as never,
    defaultNS: "common",
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return texts;
}

/** Learn what the other screens say, in the language that is spoken when that has come. */
export async function learnRest(texts: I18n): Promise<void> {
  let language = texts.language as Language;
  while (!hasRest(texts, language)) {
    add(texts, language, (await LOADERS[language].rest()).rest);
    language = texts.language as Language;
  }
}

/** Speak a language from now on, and no less of it than of the one before. */
export async function speak(texts: I18n, language: Language): Promise<void> {
  const before = texts.language as Language;
  if (!texts.hasResourceBundle(language, "common")) {
    add(texts, language, (await LOADERS[language].first()).first);
  }
  if (hasRest(texts, before) && !hasRest(texts, language)) {
    add(texts, language, (await LOADERS[language].rest()).rest);
  }
  await texts.changeLanguage(language);
  // A screen may have been opened meanwhile.
  if (hasRest(texts, before)) await learnRest(texts);
}

function hasRest(texts: I18n, language: Language): boolean {
  return texts.hasResourceBundle(language, OF_REST);
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
