import { Alert, Button, Group, Slider, Stack, Switch, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { PlanShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import type { useCreateBackup } from "@/backup/hooks/useCreateBackup";
import { SourcesField } from "@/features/backups/SourcesField";
import { TagField } from "@/features/backups/TagField";
import { newBackupOf, type Wanted, wantedOf } from "@/features/backups/wanted";
import { ProblemText } from "@/parts/States";
import { useOnce } from "@/parts/useOnce";

interface CreateFormProps {
  plan: PlanShape;
  create: ReturnType<typeof useCreateBackup>;
  onClose: () => void;
}

/** What of and how a backup is made. As it stands it is what the schedule would make. */
export function CreateForm({ plan, create, onClose }: CreateFormProps) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const [wanted, setWanted] = useState(() => wantedOf(plan));
  const change = (part: Partial<Wanted>) => setWanted({ ...wanted, ...part });
  const begin = useOnce(() => create.mutate(newBackupOf(wanted, plan)));
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (!create.isPending) begin();
  };
  return (
    <form onSubmit={onSubmit}>
      <Stack gap="md">
        <TextInput
          label={t("create.description")}
          description={t("create.descriptionHint")}
          maxLength={1000}
          value={wanted.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
          data-autofocus
        />
        <TagField value={wanted.tags} onChange={(tags) => change({ tags })} />
        <SourcesField
          plan={plan}
          value={wanted.sources}
          onChange={(sources) => change({ sources })}
        />
        <Switch
          label={t("create.compression")}
          description={t("create.compressionHint")}
          checked={wanted.compression}
          onChange={(event) => change({ compression: event.currentTarget.checked })}
        />
        {wanted.compression && (
          <Level level={wanted.level} onChange={(level) => change({ level })} />
        )}
        <Switch
          label={t("create.verify")}
          description={t("create.verifyHint")}
          checked={wanted.verify}
          onChange={(event) => change({ verify: event.currentTarget.checked })}
        />
        {create.isError && (
          <Alert color="red" role="alert" title={t("create.failed")}>
            <ProblemText problem={toProblem(create.error)} />
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {word("actions.cancel")}
          </Button>
          <Button type="submit" loading={create.isPending} disabled={wanted.sources.length === 0}>
            {t("create.button")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const FAST = 1;
const SMALL = 19;

function Level({ level, onChange }: { level: number; onChange: (level: number) => void }) {
  const { t } = useTranslation("backups");
  return (
    <Stack gap={4} pl={54} mt={-8}>
      <Group justify="space-between">
        <Text size="sm">{t("create.level")}</Text>
        <Text size="sm" c="dimmed">
          {level}
        </Text>
      </Group>
      <Slider
        thumbLabel={t("create.level")}
        min={FAST}
        max={SMALL}
        value={level}
        onChange={onChange}
        label={null}
      />
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {t("create.fast")}
        </Text>
        <Text size="xs" c="dimmed">
          {t("create.small")}
        </Text>
      </Group>
    </Stack>
  );
}
