import { Group, Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import {
  IconShieldCheck,
  IconShieldExclamation,
  IconShieldPlus,
  IconShieldQuestion,
  IconShieldX,
} from "@tabler/icons-react";
import { Trans, useTranslation } from "react-i18next";
import type { HealthShape } from "@/api/generated/plan";
import { Ago } from "@/features/overview/Ago";
import { BackUpButton } from "@/features/overview/BackUpButton";
import { Findings } from "@/features/overview/Findings";
import classes from "@/features/overview/overview.module.css";
import { freshnessOf, type Tone } from "@/features/overview/standing";
import { formatClock, formatNamedDay } from "@/format/times";
import { useLocale } from "@/i18n/useLocale";
import { useNow } from "@/parts/useNow";

const LOOKS = {
  ok: { color: "teal", icon: IconShieldCheck },
  warning: { color: "orange", icon: IconShieldExclamation },
  failing: { color: "red", icon: IconShieldX },
  new: { color: "sea", icon: IconShieldPlus },
  old: { color: "gray", icon: IconShieldQuestion },
} as const;

interface StandingProps {
  health: HealthShape;
  tone: Tone;
  /** When the server told it, if it gives no answer since. */
  asOf?: Date;
}

/** The sentence that the page leads with: protected or not, how fresh, how proven. */
export function Standing({ health, tone, asOf }: StandingProps) {
  const { t } = useTranslation("overview");
  const locale = useLocale();
  const now = useNow();
  const look = asOf ? "old" : tone;
  const { color, icon: Icon } = LOOKS[look];
  const title = t(`title.${tone}`);
  return (
    <Paper
      component="section"
      withBorder
      p={{ base: "md", sm: "lg" }}
      className={classes.standing}
      data-tone={look}
      aria-labelledby="standing"
    >
      <Group justify="space-between" gap="md">
        <Group wrap="nowrap" gap="md" align="center" flex="1 1 320px">
          <ThemeIcon size={56} className={classes.shield} radius="xl" variant="light" color={color}>
            <Icon size={34} stroke={1.6} aria-hidden />
          </ThemeIcon>
          <Stack gap={2}>
            <Title order={2} size="h2" id="standing">
              {asOf ? t("asOf.title", { time: formatClock(asOf, now, locale), title }) : title}
            </Title>
            <Text fz={{ base: "md", sm: "lg" }} lh={1.35} className={classes.sentence}>
              {tone === "new" ? t("new.lead") : <Freshness health={health} />}
            </Text>
            {asOf && <Text>{t("asOf.silent")}</Text>}
          </Stack>
        </Group>
        {tone === "new" && <BackUpButton size="md" />}
      </Group>
      {tone !== "new" && health.findings.length > 0 && <Findings health={health} />}
    </Paper>
  );
}

function Freshness({ health }: { health: HealthShape }) {
  const { t } = useTranslation("overview");
  return (
    <Trans
      t={t}
      i18nKey={`fresh.${freshnessOf(health)}`}
      components={{
        backup: <Ago at={health.last_success_at} />,
        proof: <Ago at={health.last_proof_at} />,
        proven: <ProvenOne health={health} />,
      }}
    />
  );
}

/** When the backup that is proven was taken: its day, which names it unless the last is of it too. */
function ProvenOne({ health }: { health: HealthShape }) {
  const locale = useLocale();
  const { last_verified_at: at, last_success_at: last } = health;
  if (at === null) return null;
  const other = last === null ? undefined : new Date(last);
  return <time dateTime={at}>{formatNamedDay(new Date(at), locale, other)}</time>;
}
