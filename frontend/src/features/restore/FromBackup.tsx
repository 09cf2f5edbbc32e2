import { Alert, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { BackupShape, JobShape, PlanShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { useBackup } from "@/backup/hooks/useBackup";
import { usePlan } from "@/backup/hooks/usePlan";
import { useLookAtRestore } from "@/backup/hooks/useStartRestore";
import { isStored } from "@/backup/jobs";
import { ChosenBackup } from "@/features/restore/ChosenBackup";
import { choiceOf, isCopy, newWanted } from "@/features/restore/choice";
import { Decision } from "@/features/restore/Decision";
import { MissingBackup } from "@/features/restore/MissingBackup";
import { Options } from "@/features/restore/Options";
import { ActionButton } from "@/parts/ActionButton";
import { SaidProblem } from "@/parts/Said";
import { Loaded, Loading, ProblemText } from "@/parts/States";

interface FromBackupProps {
  id: string;
  onStarted: (job: JobShape, safety: boolean) => void;
}

/** Restore a backup of the repository. */
export function FromBackup({ id, onStarted }: FromBackupProps) {
  const backup = useBackup(id);
  const plan = usePlan();
  if (toProblem(backup.error).status === 404) return <MissingBackup />;
  return (
    <Loaded query={plan} loading={<Loading rows={4} height={72} />}>
      {(planned) => (
        <Loaded query={backup} loading={<Loading rows={4} height={72} />}>
          {(found) => <Chosen backup={found} plan={planned} onStarted={onStarted} />}
        </Loaded>
      )}
    </Loaded>
  );
}

interface ChosenProps {
  backup: BackupShape;
  plan: PlanShape;
  onStarted: (job: JobShape, safety: boolean) => void;
}

function Chosen({ backup, plan, onStarted }: ChosenProps) {
  const { t } = useTranslation("restore");
  const [wanted, setWanted] = useState(() => newWanted(plan));
  const [renewed, setRenewed] = useState(false);
  const copy = isCopy(wanted);
  const look = useLookAtRestore();
  const lookNow = () => look.mutate({ id: backup.id, choice: choiceOf(wanted) });
  const giveUp = () => {
    setRenewed(false);
    look.reset();
  };
  if (look.data) {
    return (
      <Decision
        offer={look.data}
        plan={plan}
        wanted={wanted}
        onStarted={(job) => onStarted(job, wanted.safety)}
        renewed={renewed}
        onLookAgain={() => {
          setRenewed(true);
          lookNow();
        }}
        onDiscard={giveUp}
      />
    );
  }
  return (
    <Stack gap="md">
      <ChosenBackup backup={backup} />
      {isStored(backup) ? (
        <>
          <Paper withBorder p="md" component="section" aria-labelledby="restore-how">
            <Title order={2} size="h4" mb="sm" id="restore-how">
              {t("how.title")}
            </Title>
            <Options
              plan={plan}
              backup={backup}
              wanted={wanted}
              onChange={(changed) => {
                // What was refused for one target says nothing of the other.
                if (changed.target !== wanted.target) look.reset();
                setWanted(changed);
              }}
              schemaDiffers={!copy && toProblem(look.error).code === "schema-mismatch"}
            />
          </Paper>
          {look.isError && (
            <Alert
              color="red"
              role="alert"
              icon={<IconAlertTriangle aria-hidden />}
              title={t("look.failed")}
            >
              <ProblemText problem={toProblem(look.error)} />
            </Alert>
          )}
          <Group gap="md">
            <ActionButton
              needs="restore"
              onClick={lookNow}
              loading={look.isPending}
              disabled={wanted.sources?.length === 0}
            >
              {copy ? t("look.copy") : t("look.button")}
            </ActionButton>
            <Text size="sm" c="dimmed" role="status">
              {look.isPending ? t("look.running") : t("look.about")}
            </Text>
          </Group>
        </>
      ) : (
        <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={t("chosen.notStored")}>
          {backup.error && <SaidProblem {...backup.error} />}
        </Alert>
      )}
    </Stack>
  );
}
