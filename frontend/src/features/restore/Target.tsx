import { Code, Radio, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { PlanShape } from "@/api/generated/plan";
import type { Wanted } from "@/features/restore/choice";
import { Elsewhere } from "@/features/restore/Elsewhere";

interface TargetProps {
  plan: PlanShape;
  backupId?: string;
  target: Wanted["target"];
  onChange: (target: Wanted["target"]) => void;
}

/** Where it goes: in the place of the live data, or into a new folder that touches none of them. */
export function Target({ plan, backupId, target, onChange }: TargetProps) {
  const { t } = useTranslation("restore");
  return (
    <Stack gap="xs">
      <Radio.Group
        label={t("target.label")}
        value={target}
        onChange={(chosen) => onChange(chosen as Wanted["target"])}
      >
        <Stack gap="sm" mt="xs">
          <Radio
            value="live"
            label={t("target.live")}
            description={
              plan.target_name
                ? t("target.named", { name: plan.target_name })
                : t("target.inPlace", { app: plan.app })
            }
          />
          <Radio
            value="copy"
            label={t("target.copy")}
            description={<CopyAbout plan={plan} />}
            styles={{ body: { minWidth: 0 }, labelWrapper: { minWidth: 0 } }}
          />
        </Stack>
      </Radio.Group>
      <Elsewhere plan={plan} backupId={backupId} />
    </Stack>
  );
}

function CopyAbout({ plan }: { plan: PlanShape }) {
  const { t } = useTranslation("restore");
  return (
    <>
      {t("target.copyAbout")}
      <Text span inherit display="block" mt={2}>
        {t("target.copyBelow")} <Code style={{ overflowWrap: "anywhere" }}>{plan.copies_dir}</Code>
      </Text>
    </>
  );
}
