import { Alert, Anchor, Text } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { JobShape } from "@/api/generated/plan";
import { useMay } from "@/parts/access";

/** Why a restore cannot be tried again by a button, and where to ask for it anew. */
export function AskAnew({ job }: { job: JobShape }) {
  const { t } = useTranslation("jobs");
  const may = useMay("restore");
  const backup = job.kind === "restore" && job.backup_id ? `/${job.backup_id}` : "";
  return (
    <Alert color="gray" icon={<IconHistory aria-hidden />} title={t("anew.title")}>
      <Text size="sm">{t("anew.about")}</Text>
      {may && (
        <Anchor component={Link} href={`/restore${backup}`} size="sm">
          {t("anew.link")}
        </Anchor>
      )}
    </Alert>
  );
}
