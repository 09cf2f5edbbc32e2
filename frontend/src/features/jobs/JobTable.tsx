import { Anchor, Paper, Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { JobShape } from "@/api/generated/plan";
import { Asker, Gist, JobLink, JobTook } from "@/features/jobs/cells";
import { StatusBadge } from "@/parts/StatusBadge";
import { When } from "@/parts/Values";

/** The jobs in a table, where there is room for one. */
export function JobTable({ jobs }: { jobs: readonly JobShape[] }) {
  const { t } = useTranslation("jobs");
  return (
    <Paper withBorder style={{ overflow: "hidden" }}>
      <Table verticalSpacing="xs" horizontalSpacing="md" highlightOnHover aria-label={t("title")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("list.job")}</Table.Th>
            <Table.Th scope="col" w={180}>
              {t("list.status")}
            </Table.Th>
            <Table.Th scope="col" w={205}>
              {t("list.backup")}
            </Table.Th>
            <Table.Th scope="col" w={150}>
              {t("list.asked")}
            </Table.Th>
            <Table.Th scope="col" w={90} ta="right">
              {t("list.took")}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {jobs.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function JobRow({ job }: { job: JobShape }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        <Stack gap={2} align="stretch">
          <JobLink job={job} />
          <Gist job={job} />
        </Stack>
      </Table.Th>
      <Table.Td>
        <StatusBadge status={job.status} />
      </Table.Td>
      <Table.Td>
        {job.backup_id && (
          <Anchor component={Link} href={`/backups/${job.backup_id}`} size="sm">
            {job.backup_id}
          </Anchor>
        )}
      </Table.Td>
      <Table.Td>
        <When at={job.created_at} />
        <Text size="xs" c="dimmed">
          <Asker job={job} />
        </Text>
      </Table.Td>
      <Table.Td ta="right">
        <JobTook job={job} />
      </Table.Td>
    </Table.Tr>
  );
}
