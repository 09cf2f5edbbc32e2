import { Collapse, List, Stack, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { isCopyJob, isRestore } from "@/backup/jobs";
import { checksOf, problemsOf, removedOf, tablesOf } from "@/features/jobs/result";
import { useSayings } from "@/features/jobs/useSayings";
import { Card } from "@/parts/Card";
import { Said } from "@/parts/Said";
import { CheckList, Checks } from "@/restore/Checks";
import { RestoredItems } from "@/restore/RestoredItems";

/** What came of a job: in words first, then each check, table or backup. */
export function JobResult({ job }: { job: JobShape }) {
  const { t } = useTranslation("jobs");
  const said = useSayings(job);
  const { result } = job;
  const checks = checksOf(result);
  const removed = removedOf(result);
  const problems = problemsOf(result);
  const restored = isRestore(job) || isCopyJob(job);
  const tables = restored ? job.items_restored : tablesOf(result);
  if (said.length === 0 && checks.length === 0 && problems.length === 0) return null;
  return (
    <Card title={t("result.title")}>
      <Stack gap="sm">
        {said.length > 0 && (
          <Stack gap={4}>
            {said.map((each) => (
              <Text key={each} size="sm">
                {each}
              </Text>
            ))}
          </Stack>
        )}
        {problems.length > 0 && <Problems problems={problems} />}
        {restored ? <Checks checks={checks} /> : <CheckList checks={checks} />}
        {removed.length > 0 && (
          <Folded title={t("result.removed", { count: removed.length })}>
            <Removed ids={removed} />
          </Folded>
        )}
        {Object.keys(tables).length > 0 && (
          <Folded title={t("result.tables", { count: Object.keys(tables).length })}>
            <RestoredItems
              items={tables}
              counted={isRestore(job) ? undefined : t("result.count")}
            />
          </Folded>
        )}
      </Stack>
    </Card>
  );
}

function Problems({ problems }: { problems: readonly string[] }) {
  const { t } = useTranslation("jobs");
  return (
    <List size="sm" aria-label={t("result.problems")} style={{ overflowWrap: "anywhere" }}>
      {problems.map((each) => (
        <List.Item key={each}>
          <Said>{each}</Said>
        </List.Item>
      ))}
    </List>
  );
}

function Removed({ ids }: { ids: readonly string[] }) {
  return (
    <List size="sm">
      {ids.map((id) => (
        <List.Item key={id}>{id}</List.Item>
      ))}
    </List>
  );
}

function Folded({ title, children }: { title: string; children: ReactNode }) {
  const [opened, { toggle }] = useDisclosure();
  const id = useId();
  const Icon = opened ? IconChevronDown : IconChevronRight;
  return (
    <div>
      <UnstyledButton
        onClick={toggle}
        aria-expanded={opened}
        aria-controls={id}
        fz="sm"
        fw={600}
        mih={24}
        display="flex"
        style={{ alignItems: "center", gap: 4 }}
      >
        <Icon size={16} aria-hidden />
        {title}
      </UnstyledButton>
      <Collapse expanded={opened} id={id}>
        {children}
      </Collapse>
    </div>
  );
}
