import { Alert, type AlertProps } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

/** Something that is not wrong yet, but should be known. */
export function Warning(props: AlertProps) {
  return (
    <Alert color="orange" variant="light" icon={<IconAlertTriangle aria-hidden />} {...props} />
  );
}
