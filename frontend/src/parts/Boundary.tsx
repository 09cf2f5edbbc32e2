import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Component, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { reload } from "@/parts/reach";

interface BoundaryProps {
  /** Another one is a new try: the address of the screen. */
  of?: string;
  children: ReactNode;
}

/** Keeps an error of a screen to itself: the rest of the page stays, and says what to do. */
export class Boundary extends Component<BoundaryProps, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidUpdate(before: BoundaryProps): void {
    if (before.of !== this.props.of && this.state.failed) this.setState({ failed: false });
  }

  override render(): ReactNode {
    return this.state.failed ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  return (
    <Alert
      m="md"
      color="red"
      variant="light"
      role="alert"
      icon={<IconAlertTriangle aria-hidden />}
      title={t("broken.title")}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{t("broken.about")}</Text>
        <Button
          size="xs"
          variant="default"
          loading={asked}
          onClick={() => {
            setAsked(true);
            void reload();
          }}
        >
          {t("broken.button")}
        </Button>
      </Stack>
    </Alert>
  );
}
