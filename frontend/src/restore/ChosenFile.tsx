import { ActionIcon, Group, Paper, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconFileZip, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Bytes } from "@/parts/Values";

/** The file that would be sent, and a way to take another. */
export function ChosenFile({ file, onRemove }: { file: File; onRemove?: () => void }) {
  const { t } = useTranslation("restoring");
  return (
    <Paper withBorder p="sm">
      <Group wrap="nowrap" gap="sm">
        <ThemeIcon variant="light" size="lg">
          <IconFileZip size={20} aria-hidden />
        </ThemeIcon>
        <Stack gap={0} flex={1} miw={0}>
          <Text fw={600} size="sm" style={{ overflowWrap: "anywhere" }}>
            {file.name}
          </Text>
          <Text size="sm" c="dimmed">
            <Bytes value={file.size} />
          </Text>
        </Stack>
        {onRemove && (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t("upload.remove")}
            onClick={onRemove}
          >
            <IconX size={18} aria-hidden />
          </ActionIcon>
        )}
      </Group>
    </Paper>
  );
}
