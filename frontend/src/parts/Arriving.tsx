import { Button } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { lookForServer, useIsLost } from "@/parts/reach";
import { Empty, Loading } from "@/parts/States";

/** What stands where a part of the page is on its way: also when it cannot come. */
export function Arriving({ loading }: { loading?: ReactNode }) {
  const { t } = useTranslation();
  if (!useIsLost()) return loading ?? <Loading rows={6} />;
  return (
    <Empty
      order={1}
      title={t("away.title")}
      icon={<IconPlugConnectedX size={28} stroke={1.5} aria-hidden />}
      action={
        <Button variant="default" onClick={() => void lookForServer()}>
          {t("actions.retry")}
        </Button>
      }
    >
      {t("states.offline")} {t("away.again")}
    </Empty>
  );
}
