import { Checkbox, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Part, toggled } from "@/features/restore/choice";
import { Bytes } from "@/parts/Values";

interface PartsProps {
  parts: readonly Part[];
  /** Null for all. */
  chosen: readonly string[] | null;
  onChange: (chosen: string[] | null) => void;
  /** Whether they go into a new folder, in which what is not chosen is missing. */
  copy?: boolean;
}

/** Which sources of the plan are restored: all of them, unless somebody says otherwise. */
export function Parts({ parts, chosen, onChange, copy = false }: PartsProps) {
  const { t } = useTranslation("restore");
  const isChosen = ({ source, held }: Part) =>
    held !== null && (chosen === null || chosen.includes(source.name));
  const none = !parts.some(isChosen);
  return (
    <Checkbox.Group
      label={copy ? t("parts.copy") : t("parts.label")}
      description={copy ? t("parts.copyAbout") : t("parts.about")}
      value={parts.filter(isChosen).map((each) => each.source.name)}
      error={none ? t("parts.none") : undefined}
      // Each box knows itself which it is.
      onChange={() => undefined}
    >
      <Stack gap="xs" mt="xs">
        {parts.map((part) => (
          <Checkbox
            key={part.source.name}
            value={part.source.name}
            checked={isChosen(part)}
            disabled={part.held === null}
            onChange={() => onChange(toggled(chosen, part.source.name, parts))}
            label={<PartLabel part={part} />}
            styles={{ body: { alignItems: "flex-start" }, labelWrapper: { flex: 1, minWidth: 0 } }}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

const KINDS = ["sqlite", "postgresql", "mysql", "tables", "directory", "settings"] as const;
type Kind = (typeof KINDS)[number];
const isKind = (kind: string): kind is Kind => KINDS.includes(kind as Kind);

function PartLabel({ part: { source, held } }: { part: Part }) {
  const { t } = useTranslation("restore");
  return (
    <Group justify="space-between" gap={4} align="baseline">
      <Text span size="sm" style={{ overflowWrap: "anywhere" }}>
        <Text span inherit fw={600}>
          {source.name}
        </Text>{" "}
        <Text span inherit c="dimmed">
          {isKind(source.kind) ? t(`kind.${source.kind}`) : source.kind}
          {source.location && ` · ${source.location}`}
        </Text>
      </Text>
      {held !== undefined && (
        <Text span size="sm" c="dimmed">
          {held === null ? t("parts.absent") : <Bytes value={held.size_bytes} />}
        </Text>
      )}
    </Group>
  );
}
