import { useTranslation } from "react-i18next";

/** The locale for numbers and times: the reader's own, if it is of the page's language. */
export function useLocale(): string {
  const { i18n } = useTranslation();
  return localeFor(i18n.language);
}

/** Return the reader's locale of a language: `de-AT` for `de`, where the browser says so. */
export function localeFor(language: string, preferred = navigator.languages): string {
  return preferred.find((each) => each.slice(0, 2) === language) ?? language;
}
