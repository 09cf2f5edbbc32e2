import { Alert, List, Skeleton, Text } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { type Deletion, planDeletion } from "@/features/backups/deletion";
import { useAllBackups } from "@/features/backups/useAllBackups";
import { formatBytes } from "@/format/numbers";
import { formatShort } from "@/format/times";
import { useLocale } from "@/i18n/useLocale";
import { Loaded } from "@/parts/States";

/** What deleting some backups comes to: what is lost by it, and what remains. */
export function DeletionPlan({ chosen }: { chosen: BackupShape[] }) {
  const query = useAllBackups();
  return (
    <Loaded query={query} loading={<Skeleton height={110} />}>
      {(stored) => <Consequences deletion={planDeletion(chosen, stored)} />}
    </Loaded>
  );
}

function Consequences({ deletion }: { deletion: Deletion }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const { goes, stays, newestGood, lastProven, goodLeft, bytes } = deletion;
  if (goes.length === 0) {
    return (
      <Alert color="blue" icon={<IconInfoCircle aria-hidden />}>
        {t("deletion.nothing", { count: stays.length })}
      </Alert>
    );
  }
  const grave = newestGood !== null || lastProven || goodLeft === 0;
  return (
    <Alert
      color={grave ? "red" : "gray"}
      icon={grave ? <IconAlertTriangle aria-hidden /> : <IconInfoCircle aria-hidden />}
      title={grave ? t("deletion.grave") : t("deletion.remains")}
    >
      <List size="sm" spacing={4}>
        {newestGood && goodLeft > 0 && <List.Item>{t("deletion.newest")}</List.Item>}
        {lastProven && <List.Item>{t("deletion.proven")}</List.Item>}
        <List.Item>
          <Left deletion={deletion} />
        </List.Item>
        <List.Item>{t("deletion.bytes", { bytes: formatBytes(bytes, locale) })}</List.Item>
        {stays.length > 0 && <List.Item>{t("deletion.stays", { count: stays.length })}</List.Item>}
      </List>
      <Text size="sm" mt="xs" fw={600}>
        {t("deletion.final")}
      </Text>
    </Alert>
  );
}

/** What remains, and what of it can be relied on. */
function Left({ deletion: { left, goodLeft, nextGood } }: { deletion: Deletion }) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  if (left === 0) return t("deletion.nothingLeft");
  if (nextGood === null) return t("deletion.noGood", { count: left });
  const at = formatShort(new Date(nextGood.created_at), locale);
  return t("deletion.left", { count: left, good: goodLeft, at });
}
