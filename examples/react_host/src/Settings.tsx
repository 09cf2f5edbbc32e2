import { BackupRestore, type BackupRestoreProps } from "holdfast-react";
import { useState } from "react";

/** The settings of the guest book: its language, and its backups. */
export function Settings(props: BackupRestoreProps) {
  const [language, setLanguage] = useState<"en" | "de">("en");
  return (
    <div>
      <h2>Settings</h2>
      <p>
        <label>
          Language{" "}
          <select
            value={language}
            onChange={(event) => setLanguage(event.currentTarget.value === "de" ? "de" : "en")}
          >
            <option value="en">English</option>
            <option value="de">Deutsch</option>
          </select>
        </label>
      </p>
      <BackupRestore {...props} language={language} />
    </div>
  );
}
