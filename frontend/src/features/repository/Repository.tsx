import { Button, Paper, SimpleGrid, Stack } from "@mantine/core";
import { IconDatabase } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { RepositoryShape } from "@/api/generated/plan";
import { KeysCard } from "@/features/repository/KeysCard";
import { LocksCard } from "@/features/repository/LocksCard";
import { PlaceCard } from "@/features/repository/PlaceCard";
import { RecoveryAlert } from "@/features/repository/RecoveryAlert";
import { UpkeepCard } from "@/features/repository/UpkeepCard";
import { useRepository } from "@/features/repository/useRepository";
import { PageHead } from "@/parts/PageHead";
import { Empty, Loaded, Loading } from "@/parts/States";

/** Where the backups are kept: room, keys, locks, and its upkeep. */
export default function Repository() {
  const { t } = useTranslation("repository");
  return (
    <>
      <PageHead title={t("title")}>{t("about")}</PageHead>
      <Loaded query={useRepository()} loading={<Loading rows={3} height={180} />}>
        {(found) => (found.exists ? <Found repository={found} /> : <None repository={found} />)}
      </Loaded>
    </>
  );
}

function Found({ repository }: { repository: RepositoryShape }) {
  return (
    <Stack gap="md">
      <RecoveryAlert recovery={repository.recovery} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <PlaceCard repository={repository} />
        <Stack gap="md">
          <UpkeepCard repository={repository} />
          <LocksCard locks={repository.locks} />
        </Stack>
      </SimpleGrid>
      <KeysCard repository={repository} />
    </Stack>
  );
}

function None({ repository }: { repository: RepositoryShape }) {
  const { t } = useTranslation("repository");
  const go = (
    <Button component={Link} href="/backups">
      {t("none.button")}
    </Button>
  );
  return (
    <Paper withBorder>
      <Empty
        order={2}
        title={t("none.title")}
        icon={<IconDatabase size={28} stroke={1.5} aria-hidden />}
        action={go}
      >
        {t("none.about", { location: repository.location })}
      </Empty>
    </Paper>
  );
}
