import { Button, type ButtonProps } from "@mantine/core";
import { API } from "@/api/server";
import { keepScreen } from "@/features/session/wayBack";

interface ProviderButtonProps extends ButtonProps {
  /** To prove who one is although one is logged in there. */
  again?: boolean;
}

/** Goes to the provider, and comes back to this screen. */
export function ProviderButton({ again = false, ...rest }: ProviderButtonProps) {
  const href = `${API}/auth/oidc/login${again ? "?again=true" : ""}`;
  return <Button component="a" href={href} onClick={keepScreen} {...rest} />;
}
