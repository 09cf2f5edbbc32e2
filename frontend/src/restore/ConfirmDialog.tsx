import { Alert, Button, Group, List, Modal, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { OfferShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { useReturnFocus } from "@/parts/focus";
import { ProblemText } from "@/parts/States";
import { TypedWord } from "@/parts/TypedWord";
import { useOnce } from "@/parts/useOnce";
import { When } from "@/parts/Values";
import { changesByPlace } from "@/restore/changes";
import { isTyped } from "@/restore/confirmation";

export interface ConfirmDialogProps {
  offer: OfferShape;
  /** What must be typed; see `wordToType`. */
  word: string;
  safety: boolean;
  /** Whether only some of the data are replaced. */
  partial?: boolean;
  pending: boolean;
  error?: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** The last question before live data are replaced; answered by typing their name. */
export default function ConfirmDialog(props: ConfirmDialogProps) {
  const { offer, word, safety, partial, pending, error, onConfirm, onClose } = props;
  const { t } = useTranslation("restoring");
  const [typed, setTyped] = useState("");
  useReturnFocus();
  const confirm = useOnce(onConfirm);
  const ready = isTyped(typed, word);
  const places = changesByPlace(offer.changes).filter((each) => each.action !== "unchanged");
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={!pending}
      closeOnEscape={!pending}
      title={partial ? t("confirm.titleSome") : t("confirm.title")}
      size="lg"
      closeButtonProps={{ "aria-label": t("confirm.cancel"), disabled: pending }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !pending) confirm();
        }}
      >
        <Stack>
          <Text size="sm">
            {t("confirm.about")} <When at={offer.backup.created_at} as="short" fw={600} />:
          </Text>
          <List size="sm" spacing={2}>
            {places.map((each) => (
              <List.Item key={each.target} style={{ overflowWrap: "anywhere" }}>
                {each.target === "settings" ? t("place.settings") : each.target}
              </List.Item>
            ))}
          </List>
          {safety ? (
            <Text size="sm">{t("confirm.safe")}</Text>
          ) : (
            <Alert color="red" icon={<IconAlertTriangle aria-hidden />}>
              {t("confirm.unsafe")}
            </Alert>
          )}
          <TypedWord word={word} value={typed} onChange={setTyped} disabled={pending} />
          {error !== undefined && error !== null && (
            <Alert color="red" role="alert" title={t("confirm.failed")}>
              <ProblemText problem={toProblem(error)} />
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} disabled={pending}>
              {t("confirm.cancel")}
            </Button>
            <Button type="submit" color="red" disabled={!ready} loading={pending}>
              {t("confirm.button")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
