import { Button, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useContents } from "@/backup/hooks/useContents";
import { FileRows } from "@/features/backups/FileRows";
import { formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Failure, Loading } from "@/parts/States";

interface FolderProps {
  /** Of the backup. */
  id: string;
  path: string;
  onOpen: (path: string) => void;
}

/** What is in one folder of a backup. */
export function Folder({ id, path, onOpen }: FolderProps) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const query = useContents(id, path);
  const pages = query.data?.pages ?? [];
  const entries = pages.flatMap((page) => page.entries);
  const total = pages[0]?.total ?? 0;
  return (
    <>
      {query.isPending && <Loading rows={4} height={24} />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isSuccess && (
        <>
          {entries.length === 0 ? (
            <Text size="sm">{t("files.empty")}</Text>
          ) : (
            <FileRows
              id={id}
              entries={entries}
              label={t("files.in", { path: path || t("files.top") })}
              onOpen={onOpen}
            />
          )}
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
    </>
  );
}
