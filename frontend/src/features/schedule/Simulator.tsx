import { Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconPlayerPause } from "@tabler/icons-react";
import { Suspense, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CleanupPreview, RetentionShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { Decisions } from "@/features/schedule/Decisions";
import { FateLine } from "@/features/schedule/FateLine";
import { effectInWords, isMoreThanUnasked } from "@/features/schedule/reasons";
import type { useSimulation } from "@/features/schedule/useSimulation";
import { Warning } from "@/features/schedule/Warning";
import { useLocale } from "@/i18n/useLocale";
import { ActionButton } from "@/parts/ActionButton";
import { lazily } from "@/parts/lazily";
import { Empty, Failure } from "@/parts/States";

const CleanUpDialog = lazily(() => import("@/features/schedule/CleanUpDialog"));

interface SimulatorProps {
  query: ReturnType<typeof useSimulation>;
  /** The rules that are saved. */
  kept: RetentionShape;
  /** Whether the rules shown are not the saved ones. */
  changed: boolean;
  /** Whether a rule is misspelled; its field says so. */
  incomplete: boolean;
  timezone: string;
}

/** What the rules would do to the backups there are, as they are edited. */
export function Simulator({ query, kept, changed, incomplete, timezone }: SimulatorProps) {
  const { t } = useTranslation("schedule");
  const [cleaning, setCleaning] = useState(false);
  const opener = useRef<HTMLElement>(null);
  const onClose = () => {
    setCleaning(false);
    // It is opened as it is mounted, so it does not know where the focus was before.
    setTimeout(() => opener.current?.focus());
  };
  return (
    <Stack gap="md" component="section" aria-label={t("simulator.title")}>
      <Group justify="space-between" gap="sm">
        <Title order={3} size="h6">
          {changed ? t("simulator.titleDraft") : t("simulator.title")}
        </Title>
        <ActionButton
          needs="administer"
          variant="default"
          size="xs"
          onClick={(event) => {
            opener.current = event.currentTarget;
            setCleaning(true);
          }}
          disabled={changed || incomplete}
        >
          {t("cleanUp.button")}
        </ActionButton>
      </Group>
      {incomplete ? (
        <Text size="sm" c="dimmed">
          {t("simulator.incomplete")}
        </Text>
      ) : (
        <Effect query={query} timezone={timezone} />
      )}
      {changed && (
        <Text size="sm" c="dimmed">
          {t("simulator.saveFirst")}
        </Text>
      )}
      {cleaning && (
        <Suspense fallback={null}>
          <CleanUpDialog policy={kept} timezone={timezone} onClose={onClose} />
        </Suspense>
      )}
    </Stack>
  );
}

function Effect({ query, timezone }: Pick<SimulatorProps, "query" | "timezone">) {
  const { t } = useTranslation("schedule");
  if (query.data) return <Preview preview={query.data} timezone={timezone} />;
  if (query.isPending) return <SimulatorSkeleton />;
  // The first backup makes it; until then there is nothing to keep or remove.
  if (toProblem(query.error).code === "repository-not-found") {
    return <Empty title={t("simulator.none")}>{t("simulator.noneHint")}</Empty>;
  }
  return <Failure error={query.error} onRetry={() => void query.refetch()} />;
}

function Preview({ preview, timezone }: { preview: CleanupPreview; timezone: string }) {
  const { t } = useTranslation("schedule");
  const locale = useLocale();
  if (preview.decisions.length === 0) {
    return <Empty title={t("simulator.none")}>{t("simulator.noneHint")}</Empty>;
  }
  return (
    <>
      <Text size="lg" fw={600} lh={1.35} aria-live="polite">
        {effectInWords(preview, t, locale)}
      </Text>
      {preview.paused && (
        <Warning icon={<IconPlayerPause aria-hidden />} title={t("simulator.paused")}>
          {preview.paused}
        </Warning>
      )}
      {isMoreThanUnasked(preview.decisions) && (
        <Warning title={t("simulator.tooMany")}>{t("simulator.tooManyHint")}</Warning>
      )}
      <FateLine decisions={preview.decisions} />
      <Decisions decisions={preview.decisions} timezone={timezone} />
    </>
  );
}

function SimulatorSkeleton() {
  const { t } = useTranslation();
  return (
    <Stack gap="sm" role="status" aria-label={t("states.loading")}>
      <Skeleton height={26} width="70%" />
      <Skeleton height={44} />
      {[0, 1, 2, 3, 4, 5].map((row) => (
        <Skeleton key={row} height={32} />
      ))}
    </Stack>
  );
}
