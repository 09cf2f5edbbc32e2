import { Button, Group, Stack, Text } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { BackupPage, BackupShape } from "@/api/generated/plan";
import { useBackupList } from "@/backup/hooks/useBackupList";
import { formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Card } from "@/parts/Card";
import { Empty, Loaded, Loading } from "@/parts/States";
import { HistoryRow } from "@/section/HistoryRow";

const DeleteDialog = lazy(() => import("@/section/DeleteDialog"));

const LIMIT = 10;

/** The backups, newest first, and what can be done with each. */
export function History({ onRestore }: { onRestore: (id: string) => void }) {
  const { t } = useTranslation("section");
  const [trail, setTrail] = useState<string[]>([]);
  const [deleting, setDeleting] = useState<BackupShape | null>(null);
  const list = useBackupList({ limit: LIMIT, cursor: trail.at(-1) });
  return (
    <Card title={t("history.title")}>
      <Loaded query={list} loading={<Loading rows={3} height={52} />}>
        {(page) =>
          page.total === 0 ? (
            <Empty title={t("history.none")}>{t("history.noneHint")}</Empty>
          ) : (
            <Stack gap="sm">
              <Stack component="ul" gap={0} m={0} p={0} style={{ listStyle: "none" }}>
                {page.backups.map((backup) => (
                  <HistoryRow
                    key={backup.id}
                    backup={backup}
                    onRestore={onRestore}
                    onDelete={setDeleting}
                  />
                ))}
              </Stack>
              <Pages page={page} trail={trail} onGo={setTrail} />
            </Stack>
          )
        }
      </Loaded>
      <Suspense>
        {deleting && <DeleteDialog backup={deleting} onClose={() => setDeleting(null)} />}
      </Suspense>
    </Card>
  );
}

interface PagesProps {
  page: BackupPage;
  /** The cursors that led here; empty on the first page. */
  trail: string[];
  onGo: (trail: string[]) => void;
}

function Pages({ page, trail, onGo }: PagesProps) {
  const { t } = useTranslation("section");
  const { t: word } = useTranslation();
  const locale = useLocale();
  const { next_cursor: next } = page;
  if (next === null && trail.length === 0) return null;
  const first = trail.length * LIMIT + 1;
  return (
    <Group justify="space-between" gap="sm">
      <Text size="sm" c="dimmed" aria-live="polite">
        {word("pager.part", {
          first: formatNumber(first, locale),
          last: formatNumber(first + page.backups.length - 1, locale),
          all: formatNumber(page.total, locale),
        })}
      </Text>
      <Group gap="xs">
        <Button
          variant="default"
          size="xs"
          disabled={trail.length === 0}
          onClick={() => onGo(trail.slice(0, -1))}
        >
          {t("history.newer")}
        </Button>
        <Button
          variant="default"
          size="xs"
          disabled={next === null}
          onClick={() => next && onGo([...trail, next])}
        >
          {t("history.older")}
        </Button>
      </Group>
    </Group>
  );
}
