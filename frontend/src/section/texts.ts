import { createInstance, type i18n as I18n, type ResourceLanguage } from "i18next";
import commonDe from "@/locales/de/common.json";
import restoringDe from "@/locales/de/restoring.json";
import sectionDe from "@/locales/de/section.json";
import commonEn from "@/locales/en/common.json";
import restoringEn from "@/locales/en/restoring.json";
import sectionEn from "@/locales/en/section.json";

/** The languages of the section. */
export type SectionLanguage = "en" | "de";

const RESOURCES: Record<SectionLanguage, ResourceLanguage> = {
  en: { common: commonEn, restoring: restoringEn, section: sectionEn },
  de: { common: commonDe, restoring: restoringDe, section: sectionDe },
};

/**
 * Return the texts of the section.
 *
 * They are not told to react-i18next as a whole: the page around may have texts of its own there.
 */
export function createSectionTexts(language: SectionLanguage): I18n {
  const texts = createInstance();
  void texts.init({
    lng: language,
    fallbackLng: "en",
    resources: RESOURCES,
    defaultNS: "common",
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return texts;
}
