import { MantineContext } from "@mantine/core";
import { type ReactNode, useContext } from "react";
import { type ColorScheme, OwnLook } from "@/section/OwnLook";

interface LookProps {
  colorScheme: ColorScheme;
  children: ReactNode;
}

/** The look of the page around where that is by Mantine, and one of its own otherwise. */
export function Look({ colorScheme, children }: LookProps) {
  const above = useContext(MantineContext);
  if (above !== null) return children;
  return <OwnLook colorScheme={colorScheme}>{children}</OwnLook>;
}
