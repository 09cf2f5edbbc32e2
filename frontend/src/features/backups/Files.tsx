import { Anchor, Breadcrumbs, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { FilesFound } from "@/features/backups/FilesFound";
import { Folder } from "@/features/backups/Folder";
import { foldersOf } from "@/features/backups/folders";
import { SearchField } from "@/features/backups/SearchField";

/** The stored tree of a backup, folder by folder, and a search through it. */
export function Files({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  const [path, setPath] = useState("");
  const [sought, setSought] = useState("");
  const open = (folder: string) => {
    setSought("");
    setPath(folder);
  };
  const within = foldersOf(path).at(-1)?.name;
  return (
    <Stack gap="sm">
      <SearchField
        value={sought}
        onSearch={(text) => setSought(text.trim())}
        label={t("files.search")}
        hint={within ? t("files.searchIn", { name: within }) : t("files.searchHint")}
      />
      <Path path={path} onOpen={open} />
      {sought ? (
        <FilesFound
          key={`${path} ${sought}`}
          id={backup.id}
          path={path}
          sought={sought}
          onOpen={open}
        />
      ) : (
        <Folder id={backup.id} path={path} onOpen={open} />
      )}
    </Stack>
  );
}

function Path({ path, onOpen }: { path: string; onOpen: (path: string) => void }) {
  const { t } = useTranslation("backups");
  const folders = foldersOf(path);
  return (
    <nav aria-label={t("files.path")}>
      <Breadcrumbs separatorMargin={6} style={{ flexWrap: "wrap", rowGap: 4 }}>
        {[{ name: t("files.top"), path: "" }, ...folders].map((each, index) =>
          index === folders.length ? (
            <Text key={each.path} size="sm" fw={600} aria-current="page">
              {each.name}
            </Text>
          ) : (
            <Anchor key={each.path} component="button" size="sm" onClick={() => onOpen(each.path)}>
              {each.name}
            </Anchor>
          ),
        )}
      </Breadcrumbs>
    </nav>
  );
}
