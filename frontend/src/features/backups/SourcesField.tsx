import { Alert, Checkbox, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { PlanShape } from "@/api/generated/plan";
import { useSourceKind } from "@/features/backups/useSourceKind";
import { leavesOut } from "@/features/backups/wanted";

interface SourcesFieldProps {
  plan: PlanShape;
  value: string[];
  onChange: (names: string[]) => void;
}

/** Which sources of the plan are taken; and what it means to leave some out. */
export function SourcesField({ plan, value, onChange }: SourcesFieldProps) {
  const { t } = useTranslation("backups");
  const kindOf = useSourceKind();
  return (
    <Stack gap="xs">
      <Checkbox.Group
        label={t("create.sources")}
        value={value}
        onChange={onChange}
        error={value.length === 0 && t("create.sourcesNone")}
      >
        <Stack gap={8} mt={8} mb={4}>
          {plan.sources.map((source) => (
            <Checkbox
              key={source.name}
              value={source.name}
              label={
                <>
                  {source.name}{" "}
                  <Text span size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                    {[kindOf(source.kind), source.location].filter(Boolean).join(" · ")}
                  </Text>
                </>
              }
            />
          ))}
        </Stack>
      </Checkbox.Group>
      {value.length > 0 && leavesOut({ sources: value }, plan) && (
        <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} p="xs">
          <Text size="sm">{t("create.sourcesSome")}</Text>
        </Alert>
      )}
    </Stack>
  );
}
