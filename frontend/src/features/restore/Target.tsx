import { ActionIcon, Button, Code, Collapse, CopyButton, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCheck, IconChevronDown, IconCopy, IconMapPin } from "@tabler/icons-react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { PlanShape } from "@/api/generated/plan";

/** Where it goes: in place. And how a copy elsewhere is made. */
export function Target({ plan, backupId }: { plan: PlanShape; backupId?: string }) {
  const { t } = useTranslation("restore");
  const { t: common } = useTranslation();
  const [opened, { toggle }] = useDisclosure();
  const id = useId();
  const command = `holdfast restore ${backupId ?? "FILE"} --into DIR`;
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        {t("target.label")}
      </Text>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <IconMapPin size={18} style={{ flexShrink: 0, marginTop: 2 }} aria-hidden />
        <Stack gap={2} align="flex-start" miw={0}>
          <Text size="sm">
            {plan.target_name
              ? t("target.named", { name: plan.target_name })
              : t("target.inPlace", { app: plan.app })}
          </Text>
          <Button
            variant="subtle"
            size="compact-sm"
            ml={-8}
            onClick={toggle}
            aria-expanded={opened}
            aria-controls={id}
            styles={{ label: { whiteSpace: "normal" } }}
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            {t("target.elsewhere")}
          </Button>
        </Stack>
      </Group>
      <Collapse expanded={opened} id={id}>
        <Stack gap={6} pl={28}>
          <Text size="sm" c="dimmed">
            {t("target.copy")}
          </Text>
          <Group gap={4} wrap="nowrap">
            <Code p="xs" style={{ overflowWrap: "anywhere" }}>
              {command}
            </Code>
            <CopyButton value={command}>
              {({ copied, copy }) => (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  onClick={copy}
                  aria-label={copied ? common("actions.copied") : t("target.copyCommand")}
                >
                  {copied ? (
                    <IconCheck size={18} aria-hidden />
                  ) : (
                    <IconCopy size={18} aria-hidden />
                  )}
                </ActionIcon>
              )}
            </CopyButton>
          </Group>
        </Stack>
      </Collapse>
    </Stack>
  );
}
