import { Button, Paper, Stack } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { JobPage } from "@/api/generated/plan";
import { useJobs } from "@/backup/hooks/useJobs";
import { JobCards } from "@/features/jobs/JobCards";
import { JobFilters } from "@/features/jobs/JobFilters";
import { JobTable } from "@/features/jobs/JobTable";
import { isFiltered, JOBS, PLAIN, queryOf } from "@/features/jobs/view";
import { ListPager } from "@/parts/ListPager";
import { PageHead } from "@/parts/PageHead";
import { Empty, Loaded, Loading } from "@/parts/States";
import { useListAddress } from "@/parts/useListAddress";

/** The jobs, newest first: what is done, by whom, and how it ended. */
export function JobList() {
  const { t } = useTranslation("jobs");
  const { view } = useListAddress(JOBS);
  const query = useJobs(queryOf(view));
  return (
    <>
      <PageHead title={t("title")}>{t("about")}</PageHead>
      <JobFilters />
      <Loaded query={query} loading={<Loading rows={8} height={52} />}>
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
  const { t } = useTranslation("jobs");
  const { view, change } = useListAddress(JOBS);
  if (isFiltered(view)) {
    const clear = (
      <Button variant="default" onClick={() => change({ ...PLAIN, limit: view.limit })}>
        {t("filter.clear")}
      </Button>
    );
    return <Empty order={2} title={t("empty.filtered")} action={clear} />;
  }
  const back = (
    <Button component={Link} href="/backups" variant="default">
      {t("empty.backups")}
    </Button>
  );
  return (
    <Empty order={2} title={t("empty.title")} action={back}>
      {t("empty.about")}
    </Empty>
  );
}

function Found({ page, stale }: { page: JobPage; stale: boolean }) {
  const wide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const { view, change, next, previous, pagesBefore } = useListAddress(JOBS);
  const List = wide ? JobTable : JobCards;
  return (
    <Stack gap="sm" aria-busy={stale} opacity={stale ? 0.6 : 1}>
      <List jobs={page.jobs} />
      <ListPager
        total={page.total}
        shown={page.jobs.length}
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
