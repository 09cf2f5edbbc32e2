import { Alert, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Said } from "@/parts/Said";

/** What the server warns of; nothing if it does not. */
export function Warnings({ warnings }: { warnings: readonly string[] }) {
  const { t } = useTranslation("restoring");
  if (warnings.length === 0) return null;
  return (
    <Alert
      color="orange"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={t("warnings", { count: warnings.length })}
    >
      {warnings.length === 1 ? (
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          <Said>{warnings[0] ?? ""}</Said>
        </Text>
      ) : (
        <List size="sm" spacing={4}>
          {warnings.map((each) => (
            <List.Item key={each} style={{ overflowWrap: "anywhere" }}>
              <Said>{each}</Said>
            </List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}
