import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { toProblem } from "@/api/problem";
import { ProblemText } from "@/parts/States";

/** Say that something was done. */
export function sayDone(message: string): void {
  notifications.show({ message, color: "teal", icon: <IconCheck size={18} aria-hidden /> });
}

/** Say that something failed, why, and what to do; it stays until it is read. */
export function sayFailed(title: string, error: unknown): void {
  notifications.show({
    title,
    message: <ProblemText problem={toProblem(error)} />,
    color: "red",
    icon: <IconAlertTriangle size={18} aria-hidden />,
    autoClose: false,
    role: "alert",
  });
}
