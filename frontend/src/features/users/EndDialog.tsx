import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { toProblem } from "@/api/problem";
import { useReturnFocus } from "@/parts/focus";
import { ProblemText } from "@/parts/States";
import { useOnce } from "@/parts/useOnce";

interface EndDialogProps {
  title: string;
  about: string;
  button: string;
  /** What ends it, and how that stands. */
  end: () => void;
  ending: { isError: boolean; error: unknown; isPending: boolean };
  onClose: () => void;
  children?: ReactNode;
}

/** Asks before a user or a token is no more: says what ends with it, and why it did not. */
export function EndDialog(props: EndDialogProps) {
  const { title, about, button, end, ending, onClose, children } = props;
  const { t } = useTranslation();
  const begin = useOnce(end);
  useReturnFocus();
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      closeButtonProps={{ "aria-label": t("actions.close") }}
    >
      <Stack>
        <Text size="sm">{about}</Text>
        {children}
        {ending.isError && (
          <Alert color="red" role="alert">
            <ProblemText problem={toProblem(ending.error)} />
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("actions.cancel")}
          </Button>
          <Button color="red" loading={ending.isPending} onClick={begin}>
            {button}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
