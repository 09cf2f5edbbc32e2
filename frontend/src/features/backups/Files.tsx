import { Anchor, Breadcrumbs, Stack, Text } from "@mantine/core";
import { type Ref, useEffect, useRef, useState } from "react";
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
  const [typed, setTyped] = useState("");
  const sought = typed.trim();
  // What was clicked is gone, so the name of the folder takes the focus.
  const [moves, setMoves] = useState(0);
  const here = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (moves > 0) here.current?.focus();
  }, [moves]);
  const open = (folder: string) => {
    setTyped("");
    setPath(folder);
    setMoves(moves + 1);
  };
  const within = foldersOf(path).at(-1)?.name;
  return (
    <Stack gap="sm">
      <SearchField
        value={typed}
        onSearch={setTyped}
        label={t("files.search")}
        hint={within ? t("files.searchIn", { name: within }) : t("files.searchHint")}
      />
      <Path path={path} here={here} onOpen={open} />
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

interface PathProps {
  path: string;
  /** The name of the folder itself. */
  here: Ref<HTMLParagraphElement>;
  onOpen: (path: string) => void;
}

function Path({ path, here, onOpen }: PathProps) {
  const { t } = useTranslation("backups");
  const folders = foldersOf(path);
  return (
    <nav aria-label={t("files.path")}>
      <Breadcrumbs separatorMargin={6} style={{ flexWrap: "wrap", rowGap: 4 }}>
        {[{ name: t("files.top"), path: "" }, ...folders].map((each, index) =>
          index === folders.length ? (
            <Text
              key={each.path}
              ref={here}
              tabIndex={-1}
              style={{ outline: "none" }}
              size="sm"
              fw={600}
              aria-current="page"
            >
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
