// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { cleanup, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { I18nextProvider } from "react-i18next";
import { afterEach, expect, test } from "vitest";
import type { JobShape } from "@/api/generated/plan";
import { Happening } from "@/features/backups/cells";
import { Troubles } from "@/features/backups/Troubles";
import { Gist } from "@/features/jobs/cells";
import { Standing } from "@/features/jobs/JobDetails";
import { type Language, speak } from "@/i18n/i18n";
import { backupOf } from "../backups/backup";
import { englishTexts } from "../texts";
import { job } from "./job";

afterEach(cleanup);

const ERROR = { code: "cancelled", message: "Cancelled", hint: "Start it again when it suits" };
const STOPPED = { status: "cancelled", error: ERROR } as const;
const BACKUP = backupOf(1, STOPPED);

async function told(shown: ReactNode, language: Language = "en"): Promise<string> {
  const texts = englishTexts();
  await speak(texts, language);
  render(
    <I18nextProvider i18n={texts}>
      <MantineProvider>{shown}</MantineProvider>
    </I18nextProvider>,
  );
  return document.body.textContent ?? "";
}

const LEFT = "No backup came of it. What it had stored by then stays unused until the next prune.";

test.each<[string, ReactNode]>([
  ["the page of the job", <Standing key="" job={job(STOPPED)} />],
  ["the list of jobs", <Gist key="" job={job(STOPPED)} />],
  ["the list of backups", <Happening key="" backup={BACKUP} />],
  ["the details of the backup", <Troubles key="" backup={BACKUP} />],
])("a backup that somebody cancelled is no failure: %s", async (_, shown) => {
  const text = await told(shown);
  expect(text).toContain(LEFT);
  expect(text).not.toContain("failed");
  expect(text).not.toContain(ERROR.hint);
});

test.each<[JobShape["kind"], string]>([
  ["verify", "Nothing half-done is left."],
  ["prune", "What had gone by then stays gone; all else is as it was."],
  ["restore", "Nothing was changed."],
])("what a cancelled job leaves is said by its kind: %s", async (kind, left) => {
  expect(await told(<Standing job={job({ ...STOPPED, kind })} />)).toContain(left);
});

test("what failed is still said to have", async () => {
  const text = await told(<Standing job={job({ status: "failed", error: ERROR })} />);
  expect(text).toContain("It failed");
  expect(text).toContain(ERROR.hint);
});
