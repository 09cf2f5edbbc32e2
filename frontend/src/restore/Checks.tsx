import { Button, Collapse, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconChevronDown,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
} from "@tabler/icons-react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { CheckShape } from "@/api/generated/plan";
import { Said } from "@/parts/Said";

interface ChecksProps {
  checks: readonly CheckShape[];
}

/** What was checked: in one line, and each with what was found. */
export function Checks({ checks }: ChecksProps) {
  const { t } = useTranslation("restoring");
  const failed = checks.filter((each) => !each.passed && !each.skipped);
  const made = checks.filter((each) => !each.skipped).length;
  const [opened, { toggle }] = useDisclosure(failed.length > 0);
  const id = useId();
  if (checks.length === 0) return null;
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Sign check={{ passed: failed.length === 0, skipped: false }} />
        <Text size="sm" fw={600}>
          {failed.length === 0
            ? t("checks.passed", { count: made })
            : t("checks.failed", { count: failed.length })}
        </Text>
        <Button
          variant="subtle"
          size="compact-sm"
          onClick={toggle}
          aria-expanded={opened}
          aria-controls={id}
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          {opened ? t("checks.hide") : t("checks.show")}
        </Button>
      </Group>
      <Collapse expanded={opened} id={id}>
        <CheckList checks={checks} />
      </Collapse>
    </Stack>
  );
}

/** Each check, with what was found. */
export function CheckList({ checks }: ChecksProps) {
  const { t } = useTranslation("restoring");
  return (
    <Stack component="ul" gap={4} m={0} pl={0} style={{ listStyle: "none" }}>
      {checks.map((check) => (
        <Group component="li" key={check.name} gap="xs" align="flex-start" wrap="nowrap">
          <Sign check={check} />
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            <Said kind="check">{check.name}</Said>
            <Text span inherit c="dimmed">
              {check.skipped && ` · ${t("checks.skipped")}`}
              {check.detail && (
                <>
                  {" · "}
                  <Said>{check.detail}</Said>
                </>
              )}
            </Text>
          </Text>
        </Group>
      ))}
    </Stack>
  );
}

function Sign({ check }: { check: Pick<CheckShape, "passed" | "skipped"> }) {
  const { t } = useTranslation("restoring");
  const [Icon, color, label] = check.skipped
    ? ([IconCircleDashed, "var(--mantine-color-dimmed)", t("checks.skipped")] as const)
    : check.passed
      ? ([IconCircleCheck, "var(--mantine-color-teal-text)", t("checks.ok")] as const)
      : ([IconCircleX, "var(--mantine-color-error)", t("checks.bad")] as const);
  return <Icon size={18} color={color} role="img" aria-label={label} style={{ flexShrink: 0 }} />;
}
