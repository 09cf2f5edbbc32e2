import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { Empty } from "@/parts/States";

/** What stands at an address that leads to no screen. */
export function NoPage() {
  const { t } = useTranslation();
  useDocumentTitle(`${t("noPage.title")} · Holdfast`);
  return (
    <Empty
      order={1}
      title={t("noPage.title")}
      action={
        <Button component={Link} href="/">
          {t("noPage.back")}
        </Button>
      }
    >
      {t("noPage.about")}
    </Empty>
  );
}
