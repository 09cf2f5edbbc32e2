import { Button, Paper } from "@mantine/core";
import { IconArchive } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { Empty } from "@/parts/States";

/** What stands where a backup was to be chosen that is not there (any more). */
export function MissingBackup() {
  const { t } = useTranslation("restore");
  return (
    <Paper withBorder>
      <Empty
        order={2}
        title={t("chosen.missing")}
        icon={<IconArchive size={28} stroke={1.5} aria-hidden />}
        action={
          <Button component={Link} href="/restore">
            {t("chosen.other")}
          </Button>
        }
      >
        {t("chosen.missingHint")}
      </Empty>
    </Paper>
  );
}
