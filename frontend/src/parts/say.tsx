import { createNotificationsStore, showNotification } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { toProblem } from "@/api/problem";
import { ProblemText } from "@/parts/States";

/** What is being said; apart from what the page of another application says by the same means. */
export const sayings = createNotificationsStore();

/** Say that something was done. */
export function sayDone(message: string): void {
  showNotification({ message, color: "teal", icon: <IconCheck size={18} aria-hidden /> }, sayings);
}

/** Say that something failed, why, and what to do; it stays until it is read. */
export function sayFailed(title: string, error: unknown): void {
  showNotification(
    {
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
