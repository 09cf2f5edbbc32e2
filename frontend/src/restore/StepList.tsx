import { Group, Loader, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconCheck, IconMinus, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { isFinished } from "@/backup/jobs";
import { stepOf, stepsOf } from "@/restore/steps";

type State = "done" | "now" | "failed" | "ahead" | "unreached" | "skipped";

const LOOKS: Record<State, { color: string; icon: ReactNode }> = {
  done: { color: "teal", icon: <IconCheck size={15} aria-hidden /> },
  now: { color: "blue", icon: <Loader size={14} aria-hidden /> },
  failed: { color: "red", icon: <IconX size={15} aria-hidden /> },
  skipped: { color: "gray", icon: <IconMinus size={15} aria-hidden /> },
  ahead: { color: "gray", icon: null },
  unreached: { color: "gray", icon: null },
};

/** The steps of a restore, and which of them it is at. */
export function StepList({ job, safety = true }: { job: JobShape; safety?: boolean }) {
  const { t } = useTranslation("restoring");
  const at = stepOf(job);
  const ended = isFinished(job);
  return (
    <Stack component="ol" gap="xs" m={0} p={0} style={{ listStyle: "none" }}>
      {stepsOf(job).map((step, index) => {
        const state = stateOf(index, at, ended, step === "save" && !safety);
        const { color, icon } = LOOKS[state];
        return (
          <Group
            component="li"
            key={step}
            gap="sm"
            wrap="nowrap"
            aria-current={state === "now" ? "step" : undefined}
            data-state={state}
          >
            <ThemeIcon size={26} radius="xl" variant="light" color={color}>
              {icon ?? (
                <Text span size="xs" fw={600} aria-hidden>
                  {index + 1}
                </Text>
              )}
            </ThemeIcon>
            <Text size="sm" fw={state === "now" || state === "failed" ? 650 : 500}>
              {t(`steps.${step}`)}
              <Text span inherit size="sm" fw={400} c="dimmed">
                {" · "}
                {t(`state.${state}`)}
              </Text>
            </Text>
          </Group>
        );
      })}
    </Stack>
  );
}

function stateOf(index: number, at: number, ended: boolean, skipped: boolean): State {
  if (skipped) return "skipped";
  if (index < at) return "done";
  if (index > at) return ended ? "unreached" : "ahead";
  return ended ? "failed" : "now";
}
