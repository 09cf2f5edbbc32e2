import { Group, type MantineColor, Text } from "@mantine/core";
import { IconCheck, IconPlayerPause, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Fate as FateName } from "@/features/schedule/reasons";

/** The colour and the sign of each fate. */
export const FATE_LOOKS: Record<FateName, { color: MantineColor; Icon: typeof IconCheck }> = {
  stays: { color: "teal", Icon: IconCheck },
  goes: { color: "red", Icon: IconX },
  paused: { color: "orange", Icon: IconPlayerPause },
};

/** What becomes of a backup: a word and a sign. */
export function Fate({ fate }: { fate: FateName }) {
  const { t } = useTranslation("schedule");
  const { color, Icon } = FATE_LOOKS[fate];
  return (
    <Group gap={6} wrap="nowrap">
      <Icon
        size={16}
        stroke={2.4}
        color={`var(--mantine-color-${color}-filled)`}
        aria-hidden
        style={{ flexShrink: 0 }}
      />
      <Text size="sm" fw={500}>
        {t(`fate.${fate}`)}
      </Text>
    </Group>
  );
}
