import { Anchor, Breadcrumbs, Button, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { IconFile, IconFolder, IconLink, IconQuestionMark } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { BackupShape, ContentKind, ContentShape } from "@/api/generated/plan";
import { useContents } from "@/backup/hooks/useContents";
import classes from "@/features/backups/cells.module.css";
import { foldersOf } from "@/features/backups/folders";
import { formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Failure, Loading } from "@/parts/States";
import { Bytes, When } from "@/parts/Values";

const ICONS: Record<ContentKind, typeof IconFile> = {
  file: IconFile,
  directory: IconFolder,
  symlink: IconLink,
  other: IconQuestionMark,
};

/** The stored tree of a backup, folder by folder. */
export function Files({ backup }: { backup: BackupShape }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const [path, setPath] = useState("");
  const query = useContents(backup.id, path);
  const pages = query.data?.pages ?? [];
  const entries = pages.flatMap((page) => page.entries);
  const total = pages[0]?.total ?? 0;
  return (
    <Stack gap="sm">
      <Path path={path} onOpen={setPath} />
      {query.isPending && <Loading rows={4} height={24} />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isSuccess && (
        <>
          <Entries entries={entries} path={path} onOpen={setPath} />
          <Text size="sm" c="dimmed" aria-live="polite">
            {entries.length < total
              ? t("files.some", {
                  shown: formatNumber(entries.length, locale),
                  all: formatNumber(total, locale),
                })
              : t("files.count", { count: total, all: formatNumber(total, locale) })}
          </Text>
        </>
      )}
      {query.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {word("actions.more")}
        </Button>
      )}
    </Stack>
  );
}

interface OpenProps {
  path: string;
  onOpen: (path: string) => void;
}

function Path({ path, onOpen }: OpenProps) {
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

function Entries({ entries, path, onOpen }: OpenProps & { entries: ContentShape[] }) {
  const { t } = useTranslation("backups");
  if (entries.length === 0) return <Text size="sm">{t("files.empty")}</Text>;
  return (
    <Table
      aria-label={t("files.in", { path: path || t("files.top") })}
      horizontalSpacing={4}
      verticalSpacing={6}
      highlightOnHover
    >
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{t("files.name")}</Table.Th>
          <Table.Th scope="col" ta="right" w={100}>
            {t("list.size")}
          </Table.Th>
          <Table.Th scope="col" ta="right" w={190} visibleFrom="sm">
            {t("files.modified")}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {entries.map((entry) => (
          <Table.Tr key={entry.path}>
            <Table.Td>
              <Entry entry={entry} onOpen={onOpen} />
            </Table.Td>
            <Table.Td ta="right">
              {entry.size_bytes !== null && <Bytes value={entry.size_bytes} />}
            </Table.Td>
            <Table.Td ta="right" visibleFrom="sm">
              {entry.modified_at && <When at={entry.modified_at} as="short" />}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Entry({ entry, onOpen }: { entry: ContentShape; onOpen: (path: string) => void }) {
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
