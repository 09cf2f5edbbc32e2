import { Badge, Button, Collapse, Radio, Stack, Switch, TagsInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown } from "@tabler/icons-react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { BackupShape, PlanShape } from "@/api/generated/plan";
import { countAdvanced, hasServer, type Wanted } from "@/features/restore/choice";
import { PathsInput } from "@/features/restore/PathsInput";

interface AdvancedProps {
  plan: PlanShape;
  backup?: BackupShape;
  wanted: Wanted;
  onChange: (changed: Partial<Wanted>) => void;
  schemaDiffers?: boolean;
}

const SCHEMAS = ["refuse", "migrate", "take"] as const;

/** What few need: single files and tables, another schema, and how servers exchange data. */
export function Advanced({ plan, backup, wanted, onChange, schemaDiffers }: AdvancedProps) {
  const { t } = useTranslation("restore");
  const [asked, { toggle }] = useDisclosure();
  const opened = asked || schemaDiffers === true;
  const id = useId();
  const count = countAdvanced(wanted);
  const server = hasServer(plan.sources);
  return (
    <Stack gap="sm">
      <Button
        variant="subtle"
        size="compact-sm"
        style={{ alignSelf: "flex-start" }}
        onClick={toggle}
        aria-expanded={opened}
        aria-controls={id}
        rightSection={<IconChevronDown size={15} aria-hidden />}
      >
        {t("advanced.label")}
        {count > 0 && (
          <Badge size="sm" circle ml={6} aria-label={t("advanced.count", { count })}>
            {count}
          </Badge>
        )}
      </Button>
      <Collapse expanded={opened} id={id}>
        <Stack gap="md" maw={640}>
          <PathsInput
            backupId={backup?.id}
            value={wanted.paths}
            onChange={(paths) => onChange({ paths })}
          />
          {server && (
            <TagsInput
              label={t("advanced.tables")}
              description={t("advanced.tablesAbout")}
              data={Object.keys(backup?.table_counts ?? {})}
              value={wanted.tables}
              onChange={(tables) => onChange({ tables })}
              acceptValueOnBlur
            />
          )}
          <Radio.Group
            label={t("schema.label")}
            description={t("schema.about")}
            value={wanted.otherSchema}
            onChange={(chosen) => onChange({ otherSchema: chosen as Wanted["otherSchema"] })}
          >
            <Stack gap="xs" mt="xs">
              {SCHEMAS.map((each) => (
                <Radio
                  key={each}
                  value={each}
                  label={t(`schema.${each}`)}
                  description={t(`schema.hint.${each}`)}
                />
              ))}
            </Stack>
          </Radio.Group>
          {server && (
            <>
              <Switch
                label={t("advanced.keepOld")}
                description={t("advanced.keepOldAbout")}
                checked={wanted.keepOld}
                onChange={(event) => onChange({ keepOld: event.currentTarget.checked })}
              />
              <Switch
                label={t("advanced.trust")}
                description={t("advanced.trustAbout")}
                checked={wanted.trustDump}
                onChange={(event) => onChange({ trustDump: event.currentTarget.checked })}
              />
            </>
          )}
        </Stack>
      </Collapse>
    </Stack>
  );
}
