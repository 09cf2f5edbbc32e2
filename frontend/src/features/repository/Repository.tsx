import { useTranslation } from "react-i18next";
import { PageHead } from "@/parts/PageHead";

export default function Repository() {
  const { t } = useTranslation();
  return <PageHead title={t("nav.repository")} />;
}
