import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import type { ComponentPropsWithoutRef, MouseEvent } from "react";
import { useTranslation } from "react-i18next";
import { type Permission, useMay } from "@/parts/access";
import { useOnce } from "@/parts/useOnce";

interface ActionButtonProps
  extends ButtonProps,
    Omit<ComponentPropsWithoutRef<"button">, keyof ButtonProps> {
  /** What the reader must be allowed; otherwise the button says so and does nothing. */
  needs: Permission;
}

/** A button that says why it cannot be used, rather than to vanish. */
export function ActionButton({ needs, onClick, disabled, ...rest }: ActionButtonProps) {
  const { t } = useTranslation();
  const may = useMay(needs);
  // A second request would be another one, with a key of its own.
  const click = useOnce((event: MouseEvent<HTMLButtonElement>) => onClick?.(event));
  const why = t("permission.needed", { permission: t(`permission.${needs}`) });
  return (
    <Tooltip label={why} disabled={may}>
      <Button
        {...rest}
        data-disabled={!may || undefined}
        aria-disabled={!may || undefined}
        disabled={disabled}
        onClick={may ? click : (event) => event.preventDefault()}
      />
    </Tooltip>
  );
}
