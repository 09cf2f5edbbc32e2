import { Anchor, Badge, Text } from "@mantine/core";
import { IconAlertTriangle, IconBan, IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { AuditEntryShape, AuditOutcome } from "@/api/generated/plan";
import { isKnown, particularsOf, placeOf } from "@/features/audit/words";
import { FactList } from "@/parts/FactList";
import { When } from "@/parts/Values";

interface EntryProps {
  entry: AuditEntryShape;
}

/** Who did it. */
export function Actor({ entry }: EntryProps) {
  const { t } = useTranslation("audit");
  return <>{entry.actor ?? t("system")}</>;
}

/** What was done, in words where there are any. */
export function useActionWords(action: string): string {
  const { t } = useTranslation("audit");
  return isKnown(action) ? t(`action.${action}`) : action;
}

/** What it was done to; leads there, or to the job that does it. */
export function About({ entry }: EntryProps) {
  const { t } = useTranslation("audit");
  const place = placeOf(entry);
  if (place === null) return <>{entry.object}</>;
  return (
    <Anchor component={Link} href={place} inherit>
      {entry.object ?? t("list.job")}
    </Anchor>
  );
}

const LOOKS = {
  done: { color: "teal", Icon: IconCheck },
  refused: { color: "orange", Icon: IconBan },
  failed: { color: "red", Icon: IconAlertTriangle },
} as const;

/** How it ended: by a word and a sign. */
export function Outcome({ entry }: EntryProps) {
  const { t } = useTranslation("audit");
  const outcome = entry.outcome as AuditOutcome;
  const { color, Icon } = LOOKS[outcome] ?? { color: "gray", Icon: IconCheck };
  return (
    <Badge
      color={color}
      variant="light"
      radius="sm"
      tt="none"
      fw={600}
      flex="none"
      leftSection={<Icon size={13} aria-hidden />}
    >
      {outcome in LOOKS ? t(`outcome.${outcome}`) : outcome}
    </Badge>
  );
}

/** All that is recorded of it. */
export function Particulars({ entry }: EntryProps) {
  const { t } = useTranslation("audit");
  return (
    <FactList
      facts={[
        [t("facts.at"), <When key="" at={entry.at} as="short" />],
        [
          t("facts.action"),
          <Text key="" span inherit ff="monospace">
            {entry.action}
          </Text>,
        ],
        entry.address !== null && [t("facts.address"), entry.address],
        ...particularsOf(entry.detail),
        entry.job_id !== null && [
          t("facts.job"),
          <Anchor key="" component={Link} href={`/jobs/${entry.job_id}`} inherit>
            {t("facts.openJob")}
          </Anchor>,
        ],
        [t("facts.number"), entry.number],
      ]}
    />
  );
}
