// @vitest-environment happy-dom
import { act, render } from "@testing-library/react";
import type { i18n as I18n } from "i18next";
import type { ReactNode } from "react";
import { I18nextProvider } from "react-i18next";
import { expect, it } from "vitest";
import { speak } from "@/i18n/i18n";
import { Said, SaidProblem } from "@/parts/Said";
import { englishTexts } from "../texts";

const shown = (texts: I18n, what: ReactNode) =>
  render(<I18nextProvider i18n={texts}>{what}</I18nextProvider>).container;

async function german(): Promise<I18n> {
  const texts = englishTexts();
  await speak(texts, "de");
  return texts;
}

it("English is said as it is", () => {
  expect(shown(englishTexts(), <Said>Log in again.</Said>).innerHTML).toBe("Log in again.");
});

it("nothing is seen in English while German is loaded", async () => {
  const page = shown(await german(), <Said kind="step">Repacking</Said>);
  const early = page.firstElementChild;
  // Another test may have loaded it.
  if (early) expect((early as HTMLElement).style.visibility).toBe("hidden");
  await expect.poll(() => page.innerHTML, { timeout: 30_000 }).toBe("Wird neu gepackt");
});

it("what is not known stays English, and is marked as such", async () => {
  const page = shown(await german(), <Said>The moon is in the way</Said>);
  await expect
    .poll(() => page.innerHTML, { timeout: 30_000 })
    .toBe('<span lang="en">The moon is in the way</span>');
});

it("a problem that is not recognised is told by its code, with the server's sentence", async () => {
  const texts = await german();
  const page = shown(texts, <SaidProblem code="store-failed" message="disk7 hums" />);
  await expect
    .poll(() => page.innerHTML, { timeout: 30_000 })
    .toBe(
      'Der Speicherort hat nicht getan, was er sollte. Einzelheiten: <span lang="en">disk7 hums</span>',
    );
  await act(() => texts.changeLanguage("en"));
  expect(page.innerHTML).toBe("disk7 hums");
});

it("a problem that is recognised is told in the language alone", async () => {
  const message = "There is no backup backup_1";
  const page = shown(await german(), <SaidProblem code="backup-not-found" message={message} />);
  await expect
    .poll(() => page.innerHTML, { timeout: 30_000 })
    .toBe("Das Backup backup_1 gibt es nicht");
});
