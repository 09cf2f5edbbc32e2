import { Button, Paper, Stack } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { BackupPage } from "@/api/generated/plan";
import { useBackupList } from "@/backup/hooks/useBackupList";
import { useAsking } from "@/features/backups/asking";
import { BackupCards } from "@/features/backups/BackupCards";
import { BackupTable } from "@/features/backups/BackupTable";
import { Filters } from "@/features/backups/Filters";
import { SelectionBar } from "@/features/backups/SelectionBar";
import { type Selection, useSelection } from "@/features/backups/useSelection";
import { useView } from "@/features/backups/useView";
import { countFilters, queryOf, withoutFilters } from "@/features/backups/view";
import { ActionButton } from "@/parts/ActionButton";
import { ListPager } from "@/parts/ListPager";
import { PageHead } from "@/parts/PageHead";
import { Empty, Loaded, Loading } from "@/parts/States";

/** All backups: found, chosen, and what can be done with them. */
export function BackupList() {
  const { t } = useTranslation("backups");
  const { view } = useView();
  const { ask } = useAsking();
  const query = useBackupList(queryOf(view));
  const backups = query.data?.backups ?? [];
  const selection = useSelection(backups);
  const create = (
    <ActionButton
      needs="run"
      leftSection={<IconPlus size={18} aria-hidden />}
      onClick={() => ask({ kind: "create" })}
    >
      {t("create.open")}
    </ActionButton>
  );
  return (
    <>
      <PageHead title={t("title")} actions={create}>
        {t("about")}
      </PageHead>
      <Filters backups={backups} />
      <Loaded query={query} loading={<Loading rows={8} height={52} />}>
        {(page) =>
          page.total === 0 ? (
            <Paper withBorder>
              <Nothing create={create} />
            </Paper>
          ) : (
            <Found page={page} stale={query.isPlaceholderData} selection={selection} />
          )
        }
      </Loaded>
      <SelectionBar selection={selection} />
    </>
  );
}

function Nothing({ create }: { create: React.ReactNode }) {
  const { t } = useTranslation("backups");
  const { view, change } = useView();
  if (countFilters(view) === 0) {
    return (
      <Empty order={2} title={t("empty.title")} action={create}>
        {t("empty.about")}
      </Empty>
    );
  }
  const clear = (
    <Button variant="default" onClick={() => change(withoutFilters(view))}>
      {t("filter.clear")}
    </Button>
  );
  return (
    <Empty order={2} title={t("empty.filtered")} action={clear}>
      {t("empty.filteredAbout")}
    </Empty>
  );
}

interface FoundProps {
  page: BackupPage;
  stale: boolean;
  selection: Selection;
}

function Found({ page, stale, selection }: FoundProps) {
  // Beside the navigation, a table needs more room than a phone or a small tablet has.
  const wide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const { view, pagesBefore, change, next, previous } = useView();
  const List = wide ? BackupTable : BackupCards;
  return (
    <Stack gap="sm" aria-busy={stale} opacity={stale ? 0.6 : 1}>
      <List backups={page.backups} selection={selection} />
      <ListPager
        total={page.total}
        shown={page.backups.length}
        limit={view.limit}
        pagesBefore={pagesBefore}
        nextCursor={page.next_cursor}
        onLimit={(limit) => change({ limit })}
        onPrevious={previous}
        onNext={next}
      />
    </Stack>
  );
}
