import { Alert, Badge, Group, Paper, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconBell, IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ChannelShape, DeliveryShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { useTestChannel } from "@/features/schedule/useChannels";
import { Warning } from "@/features/schedule/Warning";
import { ActionButton } from "@/parts/ActionButton";
import { Said } from "@/parts/Said";
import { ProblemText } from "@/parts/States";
import { When } from "@/parts/Values";

/** One channel: where it leads, what it tells, what became of the last message, and a test. */
export function Channel({ channel }: { channel: ChannelShape }) {
  const { t } = useTranslation("schedule");
  const test = useTestChannel();
  return (
    <Paper component="li" withBorder p="md" aria-label={channel.name}>
      <Stack gap="xs">
        <Group justify="space-between" align="flex-start" gap="sm" wrap="nowrap">
          <Group gap="sm" wrap="nowrap" align="flex-start" miw={0} flex={1}>
            <IconBell size={20} stroke={1.7} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
            <div>
              <Text fw={600}>{channel.name}</Text>
              <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                {t(`channelKind.${channel.kind}`)}
                {channel.kind !== "unknown" && ` · ${channel.target}`}
              </Text>
            </div>
          </Group>
          <ActionButton
            needs="administer"
            variant="default"
            size="xs"
            style={{ flexShrink: 0 }}
            aria-label={t("channels.testOf", { name: channel.name })}
            loading={test.isPending}
            disabled={channel.problem !== null}
            onClick={() => test.mutate(channel.name)}
          >
            {t("channels.test")}
          </ActionButton>
        </Group>
        <Group gap={6}>
          <Text size="sm">{t("channels.tells")}</Text>
          {channel.events.map((event) => (
            <Badge key={event} variant="default" radius="sm" tt="none" fw={500}>
              {t(`event.${event}`)}
            </Badge>
          ))}
        </Group>
        {channel.problem ? (
          <Warning title={t("channels.broken")}>
            <Said>{channel.problem}</Said>
          </Warning>
        ) : (
          <Delivery delivery={test.data ?? channel.last} />
        )}
        {test.isError && (
          <Alert color="red" variant="light" role="alert">
            <ProblemText problem={toProblem(test.error)} />
          </Alert>
        )}
      </Stack>
    </Paper>
  );
}

/** What became of a message. */
function Delivery({ delivery }: { delivery: DeliveryShape | null }) {
  const { t } = useTranslation("schedule");
  if (delivery === null) {
    return (
      <Text size="sm" c="dimmed">
        {t("channels.nothingYet")}
      </Text>
    );
  }
  const { delivered, event, error, at } = delivery;
  const said = (
    <>
      {t(delivered ? "channels.delivered" : "channels.refused", { event: t(`event.${event}`) })}{" "}
      <When at={at} />
    </>
  );
  if (!delivered) {
    return (
      <Alert
        color="red"
        variant="light"
        role="status"
        icon={<IconAlertTriangle aria-hidden />}
        title={said}
      >
        {error}
      </Alert>
    );
  }
  return (
    <Group gap={6} wrap="nowrap" role="status">
      <IconCheck
        size={16}
        stroke={2.4}
        color="var(--mantine-color-teal-filled)"
        aria-hidden
        style={{ flexShrink: 0 }}
      />
      <Text size="sm">{said}</Text>
    </Group>
  );
}
