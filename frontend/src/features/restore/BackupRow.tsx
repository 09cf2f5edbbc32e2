import { Badge, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { StatusBadge } from "@/parts/StatusBadge";
import { Bytes, When } from "@/parts/Values";

/** One backup in a line: when, what it is called, how it stands, how large it is. */
export function BackupRow({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("restore");
  const { t: common } = useTranslation();
  return (
    <Group justify="space-between" gap="xs">
      <Stack gap={0} miw={0} flex="1 1 260px">
        <Text size="sm" fw={600}>
          <When at={backup.created_at} as="short" />{" "}
          <Text span inherit fw={400} c="dimmed">
            · <When at={backup.created_at} />
          </Text>
        </Text>
        <Text size="sm" c="dimmed" lineClamp={2} style={{ overflowWrap: "anywhere" }}>
          {[backup.description, ...backup.tags.map((tag) => `#${tag}`)]
            .filter(Boolean)
            .join(" · ") || backup.id}
        </Text>
      </Stack>
      <Group gap="xs">
        {backup.type !== "manual" && (
          <Badge variant="default" radius="sm" tt="none" fw={500}>
            {common(`type.${backup.type}`)}
          </Badge>
        )}
        {backup.only.length > 0 && (
          <Badge variant="default" radius="sm" tt="none" fw={500}>
            {t("choose.only", { names: backup.only.join(", ") })}
          </Badge>
        )}
        {backup.disproven && (
          <Badge color="red" variant="light" radius="sm" tt="none">
            {t("choose.disproven")}
          </Badge>
        )}
        <StatusBadge status={backup.status} />
        <Text size="sm" c="dimmed" miw={{ base: 0, sm: 76 }} ta="right">
          <Bytes value={backup.original_size_bytes} />
        </Text>
      </Group>
    </Group>
  );
}
