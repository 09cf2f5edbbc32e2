import { Group, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { OfferShape } from "@/api/generated/plan";
import { Bytes, Count, When } from "@/parts/Values";

/** The backup that would be put back: when it was made, of what, how large. */
export function OfferSource({ offer }: { offer: OfferShape }) {
  const { t } = useTranslation("restoring");
  const { backup } = offer;
  const name = offer.file_name ?? (backup.description?.trim() || backup.backup_id);
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="md">
      <Fact label={t("offer.made")}>
        <When at={backup.created_at} as="short" />
        <Text span size="sm" c="dimmed" display="block">
          <When at={backup.created_at} />
        </Text>
      </Fact>
      <Fact label={offer.kind === "upload" ? t("offer.file") : t("offer.backup")}>
        {name}
        {name !== backup.backup_id && (
          <Text span size="sm" c="dimmed" display="block" style={{ overflowWrap: "anywhere" }}>
            {backup.backup_id}
          </Text>
        )}
      </Fact>
      <Fact label={t("offer.of")}>
        {[backup.app, backup.app_version].filter(Boolean).join(" ")}
        <Text span size="sm" c="dimmed" display="block">
          {t("offer.on", { host: backup.hostname })}
        </Text>
      </Fact>
      <Fact label={t("offer.holds")}>
        <Bytes value={backup.original_size} />
        {backup.total_records > 0 && (
          <Text span size="sm" c="dimmed" display="block">
            <Count value={backup.total_records} />{" "}
            {t("offer.rows", { count: backup.total_records })}
          </Text>
        )}
      </Fact>
    </SimpleGrid>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Stack gap={0} miw={0}>
      <Group gap={4}>
        <Text size="xs" c="dimmed" fw={600}>
          {label}
        </Text>
      </Group>
      <Text component="div" size="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
        {children}
      </Text>
    </Stack>
  );
}
