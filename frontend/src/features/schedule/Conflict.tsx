import { Button, Group, Stack, Text } from "@mantine/core";
import { IconUsers } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ScheduleShape } from "@/api/generated/plan";
import { CronSentence } from "@/features/schedule/CronSentence";
import { formOfCron } from "@/features/schedule/cron";
import { policyLine } from "@/features/schedule/policyWords";
import { Warning } from "@/features/schedule/Warning";
import { useLocale } from "@/i18n/useLocale";
import { When } from "@/parts/Values";

interface ConflictProps {
  theirs: ScheduleShape;
  onLoad: () => void;
  onKeep: () => void;
}

/** Somebody else changed the schedule while this draft was written: theirs, or this one. */
export function Conflict({ theirs, onLoad, onKeep }: ConflictProps) {
  const { t } = useTranslation("schedule");
  const locale = useLocale();
  return (
    <Warning role="alert" icon={<IconUsers aria-hidden />} title={t("conflict.title")}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          {t("conflict.by", { name: theirs.updated_by ?? t("conflict.nobody") })}{" "}
          <When at={theirs.updated_at} />
        </Text>
        <Text size="sm">
          <CronSentence form={formOfCron(theirs.cron)} />
          {` (${theirs.timezone}). `}
          {policyLine(theirs.retention, t, locale)}
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onLoad}>
            {t("conflict.load")}
          </Button>
          <Button size="xs" variant="default" onClick={onKeep}>
            {t("conflict.keep")}
          </Button>
        </Group>
      </Stack>
    </Warning>
  );
}
