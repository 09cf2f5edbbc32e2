import { Button, Collapse, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown } from "@tabler/icons-react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { PlanShape } from "@/api/generated/plan";
import { hasServer } from "@/features/restore/choice";
import { CopyValue } from "@/parts/CopyValue";

/** Where the page does not restore to: another folder, machine or database. How the server does. */
export function Elsewhere({ plan, backupId }: { plan: PlanShape; backupId?: string }) {
  const { t } = useTranslation("restore");
  const [opened, { toggle }] = useDisclosure();
  const id = useId();
  const command = `holdfast restore ${backupId ?? "FILE"}`;
  return (
    <Stack gap={4}>
      <Button
        variant="subtle"
        size="compact-sm"
        ml={-8}
        onClick={toggle}
        aria-expanded={opened}
        aria-controls={id}
        h="auto"
        mih={26}
        py={3}
        style={{ alignSelf: "flex-start" }}
        styles={{ label: { whiteSpace: "normal", textAlign: "start", lineHeight: 1.3 } }}
        rightSection={<IconChevronDown size={14} aria-hidden />}
      >
        {t("elsewhere.label")}
      </Button>
      <Collapse expanded={opened} id={id}>
        <Stack gap={6} pl="xs">
          <Text size="sm" c="dimmed">
            {t("elsewhere.about")}
          </Text>
          <CopyValue value={`${command} --into DIR`} what={t("elsewhere.command")} />
          {hasServer(plan.sources) && (
            <>
              <Text size="sm" c="dimmed">
                {t("elsewhere.database")}
              </Text>
              <CopyValue value={`${command} --to URL`} what={t("elsewhere.command")} />
            </>
          )}
        </Stack>
      </Collapse>
    </Stack>
  );
}
