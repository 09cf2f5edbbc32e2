import { Alert, Button, Group, ScrollArea, Stack, Text } from "@mantine/core";
import { IconPlayerPause } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { CleanupPreview } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { usePlan } from "@/backup/hooks/usePlan";
import { DecisionTable } from "@/features/schedule/Decisions";
import { isMoreThanUnasked } from "@/features/schedule/reasons";
import { Warning } from "@/features/schedule/Warning";
import { formatBytes } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { ProblemText } from "@/parts/States";
import { TypedWord } from "@/parts/TypedWord";
import { useOnce } from "@/parts/useOnce";
import { isTyped, wordToType } from "@/restore/confirmation";

interface CleanUpQuestionProps {
  preview: CleanupPreview;
  timezone: string;
  pending: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** What goes, and whether it may; where most of the backups go, that is typed, not clicked. */
export function CleanUpQuestion(props: CleanUpQuestionProps) {
  const { preview, timezone, pending, error, onConfirm, onClose } = props;
  const { t } = useTranslation(["schedule", "common"]);
  const plan = usePlan();
  const [typed, setTyped] = useState("");
  const confirm = useOnce(onConfirm);
  const most = isMoreThanUnasked(preview.decisions);
  const word = wordToType({ confirm_with: null }, plan.data, t("cleanUp.word"));
  const count = preview.would_remove.length;
  const ready = count > 0 && (!most || isTyped(typed, word));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready && !pending) confirm();
      }}
    >
      <Stack>
        {most && (
          <Warning title={t("cleanUp.most")}>
            {t("cleanUp.mostHint", { count: preview.decisions.length - count })}
          </Warning>
        )}
        <Going preview={preview} timezone={timezone} />
        {most && !plan.isPending && (
          <TypedWord word={word} value={typed} onChange={setTyped} disabled={pending} />
        )}
        {error !== null && (
          <Alert color="red" variant="light" role="alert">
            <ProblemText problem={toProblem(error)} />
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:actions.cancel")}
          </Button>
          <Button type="submit" color="red" loading={pending} disabled={!ready}>
            {t("cleanUp.confirm", { count })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Going({ preview, timezone }: Pick<CleanUpQuestionProps, "preview" | "timezone">) {
  const { t } = useTranslation("schedule");
  const locale = useLocale();
  const going = preview.decisions.filter((each) => !each.keep);
  if (preview.paused) {
    return (
      <Warning icon={<IconPlayerPause aria-hidden />} title={t("simulator.paused")}>
        {preview.paused}
      </Warning>
    );
  }
  if (going.length === 0) return <Text>{t("cleanUp.nothing")}</Text>;
  const values = { size: formatBytes(preview.would_free_bytes, locale) };
  return (
    <>
      <Text size="sm">{t("cleanUp.what", { count: going.length, ...values })}</Text>
      <ScrollArea.Autosize mah={320} type="auto" offsetScrollbars viewportProps={{ tabIndex: 0 }}>
        <DecisionTable decisions={going} timezone={timezone} />
      </ScrollArea.Autosize>
    </>
  );
}
