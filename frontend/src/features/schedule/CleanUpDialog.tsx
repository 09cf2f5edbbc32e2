import { Alert, Button, Group, Modal, ScrollArea, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type CleanupPreview, cleanUpBackups, type RetentionShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";
import { CleanUpJob } from "@/features/schedule/CleanUpJob";
import { DecisionTable } from "@/features/schedule/Decisions";
import { useCleanUp } from "@/features/schedule/useSimulation";
import { formatBytes } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Failure, ProblemText } from "@/parts/States";
import { useOnce } from "@/parts/useOnce";

interface CleanUpDialogProps {
  policy: RetentionShape;
  timezone: string;
  onClose: () => void;
}

/** Shows what would be removed, removes it once that is confirmed, and then what became of it. */
export default function CleanUpDialog({ policy, timezone, onClose }: CleanUpDialogProps) {
  const { t } = useTranslation(["schedule", "common"]);
  const plan = usePlanOf(policy);
  const cleanUp = useCleanUp();
  const begin = useOnce(() => cleanUp.mutate(policy));
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("cleanUp.title")}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      {cleanUp.data ? (
        <CleanUpJob id={cleanUp.data.id} onClose={onClose} />
      ) : plan.data ? (
        <Stack>
          <Plan plan={plan.data} timezone={timezone} />
          {cleanUp.isError && (
            <Alert color="red" variant="light" role="alert">
              <ProblemText problem={toProblem(cleanUp.error)} />
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:actions.cancel")}
            </Button>
            <Button
              color="red"
              onClick={begin}
              loading={cleanUp.isPending}
              disabled={plan.data.would_remove.length === 0}
            >
              {t("cleanUp.confirm", { count: plan.data.would_remove.length })}
            </Button>
          </Group>
        </Stack>
      ) : plan.isError ? (
        <Failure error={plan.error} onRetry={() => void plan.refetch()} />
      ) : (
        <Skeleton height={220} role="status" aria-label={t("common:states.loading")} />
      )}
    </Modal>
  );
}

/** Looked at anew: since the page was opened, a backup may have been made. */
function usePlanOf(policy: RetentionShape) {
  const { client } = useConnection();
  return useQuery({
    queryKey: [...backupKeys.cleanup, "asked", policy],
    queryFn: async ({ signal }) => {
      const body = { dry_run: true, policy };
      const asked = cleanUpBackups({ client, body, signal, throwOnError: true });
      return (await answerOf(asked)) as CleanupPreview;
    },
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

function Plan({ plan, timezone }: { plan: CleanupPreview; timezone: string }) {
  const { t } = useTranslation("schedule");
  const locale = useLocale();
  const going = plan.decisions.filter((each) => !each.keep);
  if (going.length === 0) return <Text>{plan.paused ?? t("cleanUp.nothing")}</Text>;
  const values = { size: formatBytes(plan.would_free_bytes, locale) };
  return (
    <>
      <Text size="sm">{t("cleanUp.what", { count: going.length, ...values })}</Text>
      <ScrollArea.Autosize mah={320} type="auto" offsetScrollbars viewportProps={{ tabIndex: 0 }}>
        <DecisionTable decisions={going} timezone={timezone} />
      </ScrollArea.Autosize>
    </>
  );
}
