import { Button, Paper, Stack } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import type { AuditPage } from "@/api/generated/plan";
import { AuditCards } from "@/features/audit/AuditCards";
import { AuditFilters } from "@/features/audit/AuditFilters";
import { AuditTable } from "@/features/audit/AuditTable";
import { useAudit } from "@/features/audit/useAudit";
import { AUDIT, countFilters, PLAIN, queryOf } from "@/features/audit/view";
import { ListPager } from "@/parts/ListPager";
import { PageHead } from "@/parts/PageHead";
import { Empty, Loaded, Loading } from "@/parts/States";
import { useListAddress } from "@/parts/useListAddress";

/** Who did what, to what, from where and when, and how it ended. */
export default function Audit() {
  const { t } = useTranslation("audit");
  const { view } = useListAddress(AUDIT);
  const query = useAudit(queryOf(view));
  return (
    <>
      <PageHead title={t("title")}>{t("about")}</PageHead>
      <AuditFilters />
      <Loaded query={query} permission="administer" loading={<Loading rows={8} height={44} />}>
        {(page) =>
          page.total === 0 ? (
            <Paper withBorder>
              <Nothing />
            </Paper>
          ) : (
            <Found page={page} stale={query.isPlaceholderData} />
          )
        }
      </Loaded>
    </>
  );
}

function Nothing() {
  const { t } = useTranslation("audit");
  const { view, change } = useListAddress(AUDIT);
  if (countFilters(view) === 0) {
    return (
      <Empty order={2} title={t("empty.title")}>
        {t("empty.about")}
      </Empty>
    );
  }
  const clear = (
    <Button variant="default" onClick={() => change({ ...PLAIN, limit: view.limit })}>
      {t("filter.clear")}
    </Button>
  );
  return (
    <Empty order={2} title={t("empty.filtered")} action={clear}>
      {t("empty.filteredAbout")}
    </Empty>
  );
}

function Found({ page, stale }: { page: AuditPage; stale: boolean }) {
  const wide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const { view, change, next, previous, pagesBefore } = useListAddress(AUDIT);
  const List = wide ? AuditTable : AuditCards;
  return (
    <Stack gap="sm" aria-busy={stale} opacity={stale ? 0.6 : 1}>
      <List entries={page.entries} />
      <ListPager
        total={page.total}
        shown={page.entries.length}
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
