import { Paper, Skeleton, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Channels } from "@/features/schedule/Channels";
import { ScheduleEditor } from "@/features/schedule/ScheduleEditor";
import { ScheduleView } from "@/features/schedule/ScheduleView";
import { useSchedule } from "@/features/schedule/useSchedule";
import { useMay } from "@/parts/access";
import { PageHead } from "@/parts/PageHead";
import { Loaded } from "@/parts/States";

/** When backups are made, which of them stay, and who is told about it. */
export default function Schedule() {
  const { t } = useTranslation("schedule");
  const query = useSchedule();
  const mayChange = useMay("administer");
  return (
    <>
      <PageHead title={t("title")}>{t("purpose")}</PageHead>
      <Loaded query={query} loading={<ScheduleSkeleton />}>
        {(current) =>
          mayChange ? (
            <ScheduleEditor current={current}>
              <Channels />
            </ScheduleEditor>
          ) : (
            <Stack gap="lg">
              <ScheduleView schedule={current.schedule} />
              <Channels />
            </Stack>
          )
        }
      </Loaded>
    </>
  );
}

function ScheduleSkeleton() {
  const { t } = useTranslation();
  return (
    <Stack gap="lg" role="status" aria-label={t("states.loading")}>
      {[220, 420, 120].map((height) => (
        <Paper key={height} withBorder p="lg">
          <Skeleton height={22} width={180} mb="lg" />
          <Skeleton height={height} />
        </Paper>
      ))}
    </Stack>
  );
}
