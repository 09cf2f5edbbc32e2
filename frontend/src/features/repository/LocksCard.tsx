import { Badge, Group, Stack, Text } from "@mantine/core";
import { IconLockX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { LockShape } from "@/api/generated/plan";
import { useUnlock } from "@/features/repository/useRepository";
import { ActionButton } from "@/parts/ActionButton";
import { Card } from "@/parts/Card";
import { sayDone, sayFailed } from "@/parts/say";
import { When } from "@/parts/Values";

/** Who is at work in the repository, or died there. */
export function LocksCard({ locks }: { locks: readonly LockShape[] }) {
  const { t } = useTranslation("repository");
  return (
    <Card title={t("locks.title")} actions={locks.length > 0 && <Unlock locks={locks} />} grows>
      {locks.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("locks.none")}
        </Text>
      )}
      <Stack component="ul" gap="sm" p={0} m={0} aria-label={t("locks.title")}>
        {locks.map((lock) => (
          <Lock key={`${lock.hostname} ${lock.pid} ${lock.created_at}`} lock={lock} />
        ))}
      </Stack>
    </Card>
  );
}

function Lock({ lock }: { lock: LockShape }) {
  const { t } = useTranslation("repository");
  return (
    <Group component="li" justify="space-between" gap="xs" style={{ listStyle: "none" }}>
      <Stack gap={0} miw={0}>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {t("locks.holder", { user: lock.username, host: lock.hostname, pid: lock.pid })}
        </Text>
        <Text size="sm" c="dimmed">
          {t("locks.alive")} <When at={lock.created_at} />
        </Text>
      </Stack>
      <Group gap={6}>
        {lock.exclusive && (
          <Badge color="gray" variant="light" tt="none" radius="sm">
            {t("locks.exclusive")}
          </Badge>
        )}
        {lock.stale && (
          <Badge color="orange" variant="light" tt="none" radius="sm">
            {t("locks.stale")}
          </Badge>
        )}
      </Group>
    </Group>
  );
}

function Unlock({ locks }: { locks: readonly LockShape[] }) {
  const { t } = useTranslation("repository");
  const unlock = useUnlock();
  const begin = () =>
    unlock.mutate(undefined, {
      onSuccess: ({ removed }) => sayDone(t("locks.removed", { count: removed })),
      onError: (error) => sayFailed(t("locks.failed"), error),
    });
  return (
    <ActionButton
      needs="administer"
      variant="default"
      size="xs"
      leftSection={<IconLockX size={16} aria-hidden />}
      disabled={!locks.some((each) => each.stale)}
      loading={unlock.isPending}
      onClick={begin}
    >
      {t("locks.remove")}
    </ActionButton>
  );
}
