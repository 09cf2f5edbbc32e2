import { toString as describe } from "cronstrue";

/** The languages that the describer has beside English; each is loaded when it is needed. */
const LANGUAGES: Record<string, () => Promise<unknown>> = {
  de: () => import("cronstrue/locales/de"),
};

/** Say any expression in words; null if it is none. English where a language is missing. */
export async function describeCron(
  expression: string,
  language: string,
  locale: string,
): Promise<string | null> {
  const load = LANGUAGES[language];
  await load?.();
  const hours = new Intl.DateTimeFormat(locale, { timeStyle: "short" }).resolvedOptions();
  try {
    return describe(expression, {
      locale: load ? language : "en",
      use24HourTimeFormat: !hours.hour12,
      verbose: false,
    });
  } catch {
    return null;
  }
}
