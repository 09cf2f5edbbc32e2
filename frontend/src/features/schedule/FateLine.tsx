import { Box, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { CleanupDecision } from "@/api/generated/plan";
import { FATE_LOOKS } from "@/features/schedule/Fate";
import { countFates, fateOf } from "@/features/schedule/reasons";
import { formatDay } from "@/format/times";
import { useLocale } from "@/i18n/useLocale";

const LANE = 18;

/** The backups along time: above the line those that stay, below it those that go. */
export function FateLine({ decisions }: { decisions: readonly CleanupDecision[] }) {
  const { t } = useTranslation("schedule");
  const locale = useLocale();
  const times = decisions.map((each) => Date.parse(each.created_at));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  if (decisions.length < 2 || first === last) return null;
  const { stays, goes, paused } = countFates(decisions);
  const label = t("simulator.line", { stay: stays + paused, go: goes });
  return (
    <div>
      <Box
        role="img"
        aria-label={label}
        pos="relative"
        h={2 * LANE + 1}
        mr={4}
        style={{
          background: `linear-gradient(var(--mantine-color-default-border), var(--mantine-color-default-border)) 0 ${LANE}px / 100% 1px no-repeat`,
        }}
      >
        {decisions.map((each) => {
          const fate = fateOf(each);
          const at = (Date.parse(each.created_at) - first) / (last - first);
          return (
            <Box
              key={each.backup_id}
              pos="absolute"
              w={4}
              h={LANE - 4}
              top={fate === "goes" ? LANE + 4 : 0}
              left={`${(at * 100).toFixed(2)}%`}
              bg={`${FATE_LOOKS[fate].color}.6`}
              style={{ borderRadius: 1 }}
            />
          );
        })}
      </Box>
      <Group justify="space-between" mt={4}>
        <Text size="xs" c="dimmed">
          {formatDay(new Date(first), locale)}
        </Text>
        <Text size="xs" c="dimmed" visibleFrom="xs">
          {t("simulator.lineHint")}
        </Text>
        <Text size="xs" c="dimmed">
          {formatDay(new Date(last), locale)}
        </Text>
      </Group>
    </div>
  );
}
