import { Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatBytes, formatShare } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";

interface SendingProgressProps {
  /** From 0 to 1. */
  sent: number;
  /** Of the file [bytes]. */
  size: number;
  onCancel: () => void;
}

/** How far an upload is; and, when all of it is there, that it is being checked. */
export function SendingProgress({ sent, size, onCancel }: SendingProgressProps) {
  const { t } = useTranslation("restoring");
  const locale = useLocale();
  const checking = sent >= 1;
  const share = formatShare(sent, locale);
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" aria-live="polite">
          {checking ? t("upload.checking") : t("upload.sending")}
        </Text>
        <Text size="sm" c="dimmed">
          {formatBytes(sent * size, locale)} / {formatBytes(size, locale)}
        </Text>
      </Group>
      <Progress
        value={sent * 100}
        animated
        aria-label={checking ? t("upload.checking") : `${t("upload.sending")}: ${share}`}
      />
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed">
          {t("upload.nothingYet")}
        </Text>
        <Button variant="default" size="xs" onClick={onCancel}>
          {t("upload.cancel")}
        </Button>
      </Group>
    </Stack>
  );
}
