import { Alert, List, Text } from "@mantine/core";
import {
  IconAlertTriangle,
  IconPlayerStop,
  IconPuzzle,
  IconShieldX,
  IconX,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { warningsOf } from "@/features/backups/warnings";
import { Cancelled } from "@/parts/Cancelled";
import { Said, SaidProblem } from "@/parts/Said";

interface TroubleProps {
  color: "red" | "orange";
  icon: typeof IconX;
  title: string;
  about?: string | null;
  items?: string[];
}

function Trouble({ color, icon: Icon, title, about, items = [] }: TroubleProps) {
  return (
    <Alert color={color} icon={<Icon aria-hidden />} title={title}>
      {about && (
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {about}
        </Text>
      )}
      {items.length > 0 && (
        <List size="sm" style={{ overflowWrap: "anywhere" }}>
          {items.map((each) => (
            <List.Item key={each}>
              <Said>{each}</Said>
            </List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}

/** All that is wrong with a backup, or worth knowing before it is relied on; worst first. */
export function Troubles({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const { status, error, disproven, damaged, only, problems } = backup;
  const warnings = warningsOf(backup);
  return (
    <>
      {status === "cancelled" && (
        <Alert color="gray" icon={<IconPlayerStop aria-hidden />} title={word("cancelled.title")}>
          <Cancelled kind="backup" />
        </Alert>
      )}
      {error && status !== "cancelled" && (
        <Alert color="red" icon={<IconX aria-hidden />} title={t("trouble.failed")}>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            <SaidProblem {...error} />
          </Text>
          {error.hint && (
            <Text size="sm" mt={4} style={{ overflowWrap: "anywhere" }}>
              <b>{t("trouble.hint")}</b> <Said>{error.hint}</Said>
            </Text>
          )}
        </Alert>
      )}
      {disproven && (
        <Trouble
          color="red"
          icon={IconShieldX}
          title={t("trouble.disproven")}
          about={t("mark.disprovenHint")}
          items={backup.verification_errors}
        />
      )}
      {damaged && (
        <Trouble
          color="red"
          icon={IconAlertTriangle}
          title={t("trouble.damaged")}
          about={t("mark.damagedHint")}
        />
      )}
      {only.length > 0 && (
        <Trouble
          color="orange"
          icon={IconPuzzle}
          title={t("mark.only", { sources: only.join(", ") })}
          about={t("mark.onlyHint")}
        />
      )}
      {problems.length > 0 && (
        <Trouble
          color="orange"
          icon={IconAlertTriangle}
          title={t("trouble.problems", { count: problems.length })}
          items={problems}
        />
      )}
      {warnings.length > 0 && (
        <Trouble
          color="orange"
          icon={IconAlertTriangle}
          title={t("mark.warnings", { count: warnings.length })}
          items={warnings}
        />
      )}
    </>
  );
}
