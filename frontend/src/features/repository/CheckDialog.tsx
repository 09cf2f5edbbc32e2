import { Alert, Button, Group, Modal, Radio, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toProblem } from "@/api/problem";
import { useCheck } from "@/features/repository/useRepository";
import { formatBytes } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { ProblemText } from "@/parts/States";
import { sayDone } from "@/parts/say";
import { useOnce } from "@/parts/useOnce";

interface CheckDialogProps {
  /** What there is to read [bytes]. */
  storedBytes: number;
  onClose: () => void;
}

/** Check the repository: how thoroughly. */
export default function CheckDialog({ storedBytes, onClose }: CheckDialogProps) {
  const locale = useLocale();
  const { t } = useTranslation(["repository", "common"]);
  const [how, setHow] = useState("structure");
  const check = useCheck();
  const begin = useOnce(() =>
    check.mutate(how === "data", {
      onSuccess: () => {
        sayDone(t("check.begun"));
        onClose();
      },
    }),
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("check.title")}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      <Stack>
        <Radio.Group label={t("check.how")} value={how} onChange={setHow}>
          <Stack gap="sm" mt="xs">
            <Radio
              value="structure"
              label={t("check.structure")}
              description={t("check.structureAbout")}
              data-autofocus
            />
            <Radio
              value="data"
              label={t("check.data")}
              description={t("check.dataAbout", { size: formatBytes(storedBytes, locale) })}
            />
          </Stack>
        </Radio.Group>
        {check.isError && (
          <Alert color="red" role="alert">
            <ProblemText problem={toProblem(check.error)} />
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:actions.cancel")}
          </Button>
          <Button loading={check.isPending} onClick={begin}>
            {t("check.button")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
