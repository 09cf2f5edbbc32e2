import { TagsInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useContents } from "@/backup/hooks/useContents";
import { folderOf } from "@/features/restore/choice";

interface PathsInputProps {
  /** The backup whose paths are offered; none of an archive that was not sent yet. */
  backupId: string | undefined;
  value: string[];
  onChange: (paths: string[]) => void;
  /** Whether they go into a new folder. */
  copy?: boolean;
}

/** Single files or folders of a backup, completed folder by folder as they are typed. */
export function PathsInput({ backupId, value, onChange, copy = false }: PathsInputProps) {
  const { t } = useTranslation("restore");
  const [typed, setTyped] = useState("");
  const [folder] = useDebouncedValue(folderOf(typed), 200);
  const { data } = useContents(backupId, folder);
  const known = data?.pages.flatMap((page) => page.entries.map((each) => each.path)) ?? [];
  return (
    <TagsInput
      label={t("advanced.paths")}
      description={copy ? t("advanced.pathsCopy") : t("advanced.pathsAbout")}
      data={known}
      value={value}
      onChange={onChange}
      searchValue={typed}
      onSearchChange={setTyped}
      acceptValueOnBlur
      splitChars={[]}
    />
  );
}
