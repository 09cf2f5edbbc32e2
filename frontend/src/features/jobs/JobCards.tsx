import { Box, Group, Paper, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { Asker, Gist, JobLink, JobTook } from "@/features/jobs/cells";
import { StatusBadge } from "@/parts/StatusBadge";
import { When } from "@/parts/Values";

/** The jobs as cards, where a table has no room. */
export function JobCards({ jobs }: { jobs: readonly JobShape[] }) {
  const { t } = useTranslation("jobs");
  return (
    <Stack component="ul" gap="xs" p={0} m={0} aria-label={t("title")}>
      {jobs.map((job) => (
        <Paper key={job.id} component="li" withBorder p="sm" style={{ listStyle: "none" }}>
          <Stack gap={4}>
            <Group justify="space-between" wrap="nowrap" gap="xs">
              <JobLink job={job} />
              <Box flex="none">
                <StatusBadge status={job.status} />
              </Box>
            </Group>
            <Text size="sm" c="dimmed">
              <When at={job.created_at} /> · <Asker job={job} />
              {job.started_at && (
                <>
                  {" · "}
                  <JobTook job={job} />
                </>
              )}
            </Text>
            <Gist job={job} />
          </Stack>
        </Paper>
      ))}
    </Stack>
  );
}
