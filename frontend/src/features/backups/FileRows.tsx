import { Anchor, Table, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { IconFile, IconFolder, IconLink, IconQuestionMark } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ContentKind, ContentShape } from "@/api/generated/plan";
import classes from "@/features/backups/cells.module.css";
import { FileDownload } from "@/features/backups/FileDownload";
import { folderOf } from "@/features/backups/folders";
import { Bytes, When } from "@/parts/Values";

const ICONS: Record<ContentKind, typeof IconFile> = {
  file: IconFile,
  directory: IconFolder,
  symlink: IconLink,
  other: IconQuestionMark,
};

interface FileRowsProps {
  /** Of the backup. */
  id: string;
  entries: readonly ContentShape[];
  label: string;
  onOpen: (path: string) => void;
  /** Whether each says which folder it is in. */
  withFolder?: boolean;
}

/** Files and folders of a backup: folders are opened, files downloaded. */
export function FileRows({ id, entries, label, onOpen, withFolder = false }: FileRowsProps) {
  const { t } = useTranslation("backups");
  return (
    <Table aria-label={label} horizontalSpacing={4} verticalSpacing={6} highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{t("files.name")}</Table.Th>
          <Table.Th scope="col" ta="right" w={84}>
            {t("list.size")}
          </Table.Th>
          <Table.Th scope="col" ta="right" w={190} visibleFrom="sm">
            {t("files.modified")}
          </Table.Th>
          <Table.Th scope="col" w={40}>
            <VisuallyHidden>{t("action.download")}</VisuallyHidden>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {entries.map((entry) => (
          <Table.Tr key={entry.path}>
            <Table.Td>
              <Name entry={entry} onOpen={onOpen} />
              {withFolder && <Place path={entry.path} onOpen={onOpen} />}
            </Table.Td>
            <Table.Td ta="right">
              {entry.size_bytes !== null && <Bytes value={entry.size_bytes} />}
            </Table.Td>
            <Table.Td ta="right" visibleFrom="sm">
              {entry.modified_at && <When at={entry.modified_at} as="short" />}
            </Table.Td>
            <Table.Td ta="right">
              {entry.kind === "file" && <FileDownload id={id} file={entry} />}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

interface EntryProps {
  entry: ContentShape;
  onOpen: (path: string) => void;
}

function Name({ entry, onOpen }: EntryProps) {
  const { t } = useTranslation("backups");
  const Icon = ICONS[entry.kind];
  const shown = (
    <span className={classes.entry}>
      <Icon size={17} stroke={1.6} aria-hidden />
      <span className={classes.text}>{entry.name}</span>
    </span>
  );
  if (entry.kind !== "directory") return shown;
  return (
    <UnstyledButton
      fz="sm"
      fw={600}
      aria-label={t("files.open", { name: entry.name })}
      onClick={() => onOpen(entry.path)}
    >
      {shown}
    </UnstyledButton>
  );
}

/** The folder that something is in, and the way into it. */
function Place({ path, onOpen }: { path: string; onOpen: (path: string) => void }) {
  const { t } = useTranslation("backups");
  const folder = folderOf(path);
  return (
    <Anchor
      component="button"
      size="xs"
      c="dimmed"
      className={classes.place}
      aria-label={t("files.open", { name: folder || t("files.top") })}
      onClick={() => onOpen(folder)}
    >
      {folder || t("files.top")}
    </Anchor>
  );
}
