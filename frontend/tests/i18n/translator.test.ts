import { describe, expect, it } from "vitest";
import { type Kind, Translator } from "@/i18n/translator";
import german from "@/locales/de/server.json";

const de = new Translator(german, "de");
const say = (kind: Kind, text: string) =>
  de
    .say(kind, text)
    ?.map((each) => (each.foreign ? `[${each.text}]` : each.text))
    .join("") ?? null;

describe("what the server says", () => {
  it("is said by its code, where that is known", () => {
    expect(de.problem("backup-not-found")).toBe("Dieses Backup gibt es nicht.");
    expect(de.problem("toString")).toBeNull();
  });

  it("is recognised with what is put in", () => {
    expect(say("step", "Backing up app.db")).toBe("app.db wird gesichert");
    expect(say("step", "Repacking")).toBe("Wird neu gepackt");
    expect(say("check", "table invoices: rows")).toBe("Tabelle invoices: Zeilen");
    expect(say("sentence", "There is no job 7")).toBe("Den Auftrag 7 gibt es nicht");
  });

  it("is recognised by the pattern that says most of it", () => {
    expect(say("step", "Checking table a")).toBe("Tabelle a wird geprüft");
    expect(say("step", "Checking the backup file")).toBe("Backup-Datei wird geprüft");
    expect(say("step", "Restoring app.db to scratch")).toBe(
      "app.db wird probehalber zurückgespielt",
    );
  });

  it("is recognised where nothing is put in at an end", () => {
    expect(say("sentence", "There is no backup 1 in /backups")).toBe(
      "Das Backup 1 fehlt in /backups",
    );
    expect(say("sentence", "There is no container shop, or so")).toBe(
      "Es gibt keinen Container shop, or so",
    );
  });

  it("is recognised though the page begins a sentence with it, or takes off the field", () => {
    const back = "hey come back with the table settings of app.db, which holds them";
    const said = "ie kommen mit der Tabelle settings von app.db zurück, worin sie stehen";
    expect(say("sentence", `t${back}`)).toBe(`s${said}`);
    expect(say("sentence", `T${back}`)).toBe(`S${said}`);
    const words = "'61 3 * * *' is no cron expression: bad minute";
    const cron = "'61 3 * * *' ist kein Cron-Ausdruck: die Minute passt nicht";
    expect(say("sentence", words)).toBe(cron);
    expect(say("sentence", `schedule: ${words}`)).toBe(`schedule: ${cron}`);
  });

  it("has large numbers as the language writes them", () => {
    expect(say("sentence", "1,234,567 rows")).toBe("1.234.567 Zeilen");
    expect(say("sentence", "1 row")).toBe("1 Zeile");
  });

  it("is said part by part where it was put together", () => {
    expect(say("sentence", "50 files, all their parts are there")).toBe(
      "50 Dateien, alle Teile sind da",
    );
    expect(say("sentence", "Left out of the safety backup: There is no directory /a")).toBe(
      "Nicht im Sicherheits-Backup: Das Verzeichnis /a gibt es nicht",
    );
    expect(say("sentence", "files/a: There is no directory /a")).toBe(
      "files/a: Das Verzeichnis /a gibt es nicht",
    );
    expect(say("sentence", "foreign keys: they are odd")).toBe("Fremdschlüssel: [they are odd]");
    expect(say("check", "indexes after the migration")).toBe("Indizes nach der Migration");
    expect(say("sentence", "14 tables, 18,351 rows")).toBe("14 Tabellen, 18.351 Zeilen");
    expect(say("sentence", "1,949 files named, 2 named by no row")).toBe(
      "1.949 Dateien genannt, 2 von keiner Zeile genannt",
    );
    expect(say("check", "foreign keys (shop)")).toBe("Fremdschlüssel (shop)");
    expect(say("sentence", "Nothing was changed. Log in again.")).toBe(
      "Geändert wurde nichts. Melden Sie sich noch einmal an.",
    );
  });

  it("keeps what it does not know as it is, and says that this is foreign", () => {
    expect(say("sentence", "The moon is in the way")).toBeNull();
    expect(say("step", "Polishing")).toBeNull();
    expect(say("sentence", "Index 12 is damaged: the moon is in the way")).toBe(
      "Index 12 ist beschädigt: [the moon is in the way]",
    );
    expect(say("sentence", "Nothing was changed. The moon is in the way.")).toBe(
      "Geändert wurde nichts. [The moon is in the way.]",
    );
  });
});
