import { Anchor, Box, Divider, Group, List, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconHelpCircle } from "@tabler/icons-react";
import { type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type {
  RepositoryCheckShape,
  RepositoryPruneShape,
  RepositoryShape,
} from "@/api/generated/plan";
import { UpkeepJobs } from "@/features/repository/UpkeepJobs";
import { formatBytes } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { ActionButton } from "@/parts/ActionButton";
import { Card } from "@/parts/Card";
import { lazily } from "@/parts/lazily";
import { Said } from "@/parts/Said";
import { When } from "@/parts/Values";

const CheckDialog = lazily(() => import("@/features/repository/CheckDialog"));
const PruneDialog = lazily(() => import("@/features/repository/PruneDialog"));

/** When the repository was last checked and cleared of what nothing uses, and how that ended. */
export function UpkeepCard({ repository }: { repository: RepositoryShape }) {
  const { t } = useTranslation("repository");
  const [asking, setAsking] = useState<"check" | "prune" | null>(null);
  const close = () => setAsking(null);
  const check = (
    <ActionButton needs="run" size="xs" onClick={() => setAsking("check")}>
      {t("check.open")}
    </ActionButton>
  );
  const prune = (
    <ActionButton needs="administer" size="xs" variant="default" onClick={() => setAsking("prune")}>
      {t("prune.open")}
    </ActionButton>
  );
  return (
    <Card title={t("upkeep.title")}>
      <Stack gap="sm">
        <UpkeepJobs />
        <Row title={t("check.last")} action={check}>
          <LastCheck check={repository.last_check} />
        </Row>
        <Divider />
        <Row title={t("prune.last")} action={prune}>
          <LastPrune prune={repository.last_prune} />
        </Row>
      </Stack>
      <Suspense>
        {asking === "check" && (
          <CheckDialog storedBytes={repository.stored_size_bytes} onClose={close} />
        )}
        {asking === "prune" && <PruneDialog onClose={close} />}
      </Suspense>
    </Card>
  );
}

interface RowProps {
  title: string;
  action: ReactNode;
  children: ReactNode;
}

function Row({ title, action, children }: RowProps) {
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Title order={3} size="h5">
          {title}
        </Title>
        <Box flex="none">{action}</Box>
      </Group>
      {children}
    </Stack>
  );
}

function LastCheck({ check }: { check: RepositoryCheckShape | null }) {
  const { t } = useTranslation("repository");
  if (check === null) return <Line icon={<Unknown />}>{t("check.never")}</Line>;
  return (
    <>
      <Line icon={check.passed ? <Good /> : <Bad />}>
        <Text span inherit fw={600}>
          {check.passed ? t("check.passed") : t("check.failed")}
        </Text>
        {" · "}
        <When at={check.at} />
        {" · "}
        {check.read_data ? t("check.readAll") : t("check.readStructure")}
        <JobLink id={check.job_id} />
      </Line>
      {check.problems.length > 0 && (
        <List size="sm" aria-label={t("check.problems")} style={{ overflowWrap: "anywhere" }}>
          {check.problems.map((each) => (
            <List.Item key={each}>
              <Said>{each}</Said>
            </List.Item>
          ))}
        </List>
      )}
    </>
  );
}

function LastPrune({ prune }: { prune: RepositoryPruneShape | null }) {
  const locale = useLocale();
  const { t } = useTranslation("repository");
  if (prune === null) return <Line icon={<Unknown />}>{t("prune.never")}</Line>;
  const { freed_bytes: freed } = prune;
  return (
    <Line icon={<Good />}>
      <Text span inherit fw={600}>
        {freed > 0 ? t("prune.freed", { size: formatBytes(freed, locale) }) : t("prune.nothing")}
      </Text>
      {" · "}
      <When at={prune.at} />
      <JobLink id={prune.job_id} />
    </Line>
  );
}

function Line({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <Group gap={8} wrap="nowrap" align="flex-start">
      {icon}
      <Text size="sm">{children}</Text>
    </Group>
  );
}

function JobLink({ id }: { id: string | null }) {
  const { t } = useTranslation("repository");
  if (id === null) return null;
  return (
    <>
      {" · "}
      <Anchor component={Link} href={`/jobs/${id}`} inherit underline="always">
        {t("upkeep.job")}
      </Anchor>
    </>
  );
}

const fixed = { flexShrink: 0, marginTop: 1 };
const Good = () => (
  <IconCircleCheck size={20} color="var(--mantine-color-teal-text)" style={fixed} aria-hidden />
);
const Bad = () => (
  <IconCircleX size={20} color="var(--mantine-color-error)" style={fixed} aria-hidden />
);
const Unknown = () => <IconHelpCircle size={20} style={fixed} aria-hidden />;
