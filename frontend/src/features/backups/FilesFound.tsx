import { Button, Group, Loader, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useContents } from "@/backup/hooks/useContents";
import { FileRows } from "@/features/backups/FileRows";
import { AT_ONCE, searchOf } from "@/features/backups/search";
import { formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Failure, Loading } from "@/parts/States";

interface FilesFoundProps {
  /** Of the backup. */
  id: string;
  /** Only what is in this folder, and below it. */
  path: string;
  sought: string;
  onOpen: (path: string) => void;
}

/** What has a text in its path, below a folder of a backup. */
export function FilesFound({ id, path, sought, onOpen }: FilesFoundProps) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const [wanted, setWanted] = useState(AT_ONCE);
  const { data, error, isPending, isFetching, fetchNextPage, refetch } = useContents(
    id,
    path,
    sought,
  );
  const search = searchOf(data?.pages ?? [], wanted);
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  // The server answers in parts, so that a backup of any size can be searched.
  const goesOn = search.stand === "goes on" && !isFetching && !error;
  useEffect(() => {
    if (goesOn) void fetchNextPage();
  }, [goesOn, fetchNextPage]);
  const more = () => {
    setWanted(search.found + AT_ONCE);
    void fetchNextPage();
  };
  return (
    <>
      {isPending && <Loading rows={4} height={24} />}
      {entries.length > 0 && (
        <FileRows
          id={id}
          entries={entries}
          label={t("files.found", { sought })}
          onOpen={onOpen}
          withFolder
        />
      )}
      {error && <Failure error={error} onRetry={() => void (data ? fetchNextPage() : refetch())} />}
      {data && !error && <Told search={search} />}
      {search.stand === "more" && !error && (
        <Button variant="default" size="xs" loading={isFetching} onClick={more}>
          {word("actions.more")}
        </Button>
      )}
    </>
  );
}

/** How much was found, and in how much. */
function Told({ search }: { search: ReturnType<typeof searchOf> }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const said = {
    count: search.found,
    all: formatNumber(search.found, locale),
    visited: formatNumber(search.visited, locale),
  };
  const none = search.stand === "done" && search.found === 0;
  const key = { done: "foundCount", more: "foundMore", "goes on": "searching" } as const;
  return (
    <Group gap="xs" wrap="nowrap" role="status">
      {search.stand === "goes on" && <Loader size={14} aria-hidden />}
      <Text size="sm" c="dimmed">
        {none ? t("files.foundNone") : t(`files.${key[search.stand]}`, said)}
      </Text>
    </Group>
  );
}
