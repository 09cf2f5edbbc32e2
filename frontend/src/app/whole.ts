import { getI18n } from "react-i18next";
import { learnRest } from "@/i18n/i18n";
import { arriving } from "@/parts/reach";

/**
 * Load what is not part of the overview, with the texts and styles that it may need.
 *
 * The first load has those of the overview alone; tests/app/firstLoad.test.ts knows what that takes.
 */
export function whole<Loaded>(load: () => Promise<Loaded>): () => Promise<Loaded> {
  return () =>
    arriving(async () => {
      // First in the document too: a screen's own styles go before Mantine's.
      const styles = import("@/app/rest.css");
      const [loaded] = await Promise.all([load(), styles, learnRest(getI18n())]);
      return loaded;
    });
}
