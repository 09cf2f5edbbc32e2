import { Group, Progress, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Trans, useTranslation } from "react-i18next";
import type { RepositoryShape, StatsShape } from "@/api/generated/plan";
import { useStats } from "@/backup/hooks/useStanding";
import { unusedOf } from "@/backup/unused";
import { type Space, spaceOf } from "@/features/repository/space";
import { formatBytes } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Card } from "@/parts/Card";
import { CopyValue } from "@/parts/CopyValue";
import { FactList } from "@/parts/FactList";
import { Bytes, Count, Ratio } from "@/parts/Values";

const COLORS = { good: "sea", low: "orange", full: "red" };

/** Where the repository is, what it occupies, and how much room is left. */
export function PlaceCard({ repository }: { repository: RepositoryShape }) {
  const { t } = useTranslation("repository");
  const { data: stats } = useStats();
  const { stored_size_bytes: stored, free_bytes: free, format_version: format } = repository;
  const space = spaceOf(stored, free, stats?.average_size_bytes);
  const unused = stats === undefined ? 0 : unusedOf(stats);
  return (
    <Card title={t("place.title")}>
      <Stack gap="md">
        {space === null ? (
          <Text size="sm">
            <Trans
              t={t}
              i18nKey="place.unknown"
              components={{ stored: <Bytes value={stored} /> }}
            />
          </Text>
        ) : (
          <SpaceBar stored={stored} space={space} />
        )}
        <FactList
          facts={[
            [
              t("place.location"),
              <CopyValue key="" value={repository.location} what={t("place.theLocation")} />,
            ],
            [t("place.store"), repository.store === "local" ? t("place.local") : repository.store],
            [t("place.snapshots"), <Count key="" value={repository.snapshots} />],
            stats !== undefined && [
              t("place.holds"),
              <Bytes key="" value={stats.total_size_bytes} />,
            ],
            [t("place.occupies"), <Bytes key="" value={stored} />],
            unused > 0 && [
              t("place.unused"),
              <Trans
                key=""
                t={t}
                i18nKey="place.pruneFrees"
                components={{ size: <Bytes value={unused} /> }}
              />,
            ],
            stats !== undefined && [t("place.saved"), <Saved key="" stats={stats} />],
            format !== null && [t("place.format"), t("place.restic", { version: format })],
          ]}
        />
      </Stack>
    </Card>
  );
}

function Saved({ stats }: { stats: StatsShape }) {
  const { t } = useTranslation("repository");
  return (
    <Trans
      t={t}
      i18nKey="place.times"
      components={{
        sharing: <Ratio value={stats.dedup_ratio} />,
        compression: <Ratio value={stats.compression_ratio} />,
      }}
    />
  );
}

function SpaceBar({ stored, space }: { stored: number; space: Space }) {
  const locale = useLocale();
  const { t } = useTranslation("repository");
  const free = formatBytes(space.room - stored, locale);
  const words = t("place.used", { stored: formatBytes(stored, locale), free });
  return (
    <Stack gap={6}>
      <Group justify="space-between" align="baseline" gap="xs">
        <Text fw={650} size="lg">
          <Trans
            t={t}
            i18nKey="place.free"
            components={{ free: <Bytes value={space.room - stored} /> }}
          />
        </Text>
        <Text size="sm" c="dimmed">
          <Trans t={t} i18nKey="place.of" components={{ room: <Bytes value={space.room} /> }} />
        </Text>
      </Group>
      <Progress
        size="lg"
        // A sliver shows that there is something, however little it is.
        value={Math.max(space.share * 100, stored > 0 ? 1 : 0)}
        color={COLORS[space.level]}
        aria-label={words}
      />
      {space.level !== "good" && (
        <Group gap={6} wrap="nowrap" align="flex-start" role="status">
          <IconAlertTriangle
            size={18}
            color="var(--mantine-color-error)"
            style={{ flexShrink: 0 }}
            aria-hidden
          />
          <Text size="sm">{t(`place.${space.level}`)}</Text>
        </Group>
      )}
    </Stack>
  );
}
