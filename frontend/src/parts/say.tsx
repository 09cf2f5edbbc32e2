import { VisuallyHidden } from "@mantine/core";
import { createNotificationsStore, showNotification } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { toProblem } from "@/api/problem";
import { ProblemText } from "@/parts/States";

/** What is being said; apart from what the page of another application says by the same means. */
export const sayings = createNotificationsStore();

const CLOSE = { closeButtonProps: { icon: <CloseSign /> } };

/** Say that something was done. */
export function sayDone(message: string): void {
  const icon = <IconCheck size={18} aria-hidden />;
  showNotification({ ...CLOSE, message, color: "teal", icon }, sayings);
}

/** Say that something failed, why, and what to do; it stays until it is read. */
export function sayFailed(title: string, error: unknown): void {
  showNotification(
    {
      ...CLOSE,
      title,
      message: <ProblemText problem={toProblem(error)} />,
      color: "red",
      icon: <IconAlertTriangle size={18} aria-hidden />,
      autoClose: false,
      role: "alert",
    },
    sayings,
  );
}

/** With a name: what is said goes away by a button. */
function CloseSign() {
  const { t } = useTranslation();
  return (
    <>
      <IconX size={16} aria-hidden />
      <VisuallyHidden>{t("actions.close")}</VisuallyHidden>
    </>
  );
}
