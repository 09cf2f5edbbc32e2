import { Button, Group, Paper, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { BackupShape } from "@/api/generated/plan";
import { BackupRow } from "@/features/restore/BackupRow";

/** The backup that was chosen, and the way to another. */
export function ChosenBackup({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("restore");
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="restore-what">
      <Group justify="space-between" mb="xs" gap="xs">
        <Title order={2} size="h4" id="restore-what">
          {t("chosen.title")}
        </Title>
        <Button component={Link} href="/restore" variant="subtle" size="compact-sm">
          {t("chosen.other")}
        </Button>
      </Group>
      <BackupRow backup={backup} />
    </Paper>
  );
}
