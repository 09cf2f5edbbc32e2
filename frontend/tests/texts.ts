import type { i18n as I18n } from "i18next";
import { createTexts } from "@/i18n/i18n";
import { en } from "@/locales/en";

/** All texts in English, without waiting. */
export function englishTexts(): I18n {
  return createTexts({ en });
}
