import { Code, Stack, Text } from "@mantine/core";
import { IconBellOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Channel } from "@/features/schedule/Channel";
import { Section } from "@/features/schedule/Section";
import { useChannels } from "@/features/schedule/useChannels";
import { Empty, Loaded, Loading } from "@/parts/States";

const EXAMPLE = `[notify.ops]
url_file = "/etc/holdfast/notify-ops"
on = ["failed", "recovered", "overdue"]`;

/** Who is told how backups fare. */
export function Channels() {
  const { t } = useTranslation("schedule");
  const query = useChannels();
  return (
    <Section title={t("channels.title")} purpose={t("channels.purpose")}>
      <Loaded query={query} loading={<Loading rows={2} height={64} />}>
        {({ channels }) =>
          channels.length === 0 ? (
            <NoChannels />
          ) : (
            <Stack component="ul" gap="md" m={0} p={0} style={{ listStyle: "none" }}>
              {channels.map((channel) => (
                <Channel key={channel.name} channel={channel} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Section>
  );
}

function NoChannels() {
  const { t } = useTranslation("schedule");
  return (
    <Empty
      title={t("channels.none")}
      icon={<IconBellOff size={28} stroke={1.5} aria-hidden />}
      action={
        <Stack gap="xs" maw={520} w="100%" ta="left">
          <Code block>{EXAMPLE}</Code>
          <Text size="sm" c="dimmed">
            {t("channels.noneFile")}
          </Text>
        </Stack>
      }
    >
      {t("channels.noneHint")}
    </Empty>
  );
}
