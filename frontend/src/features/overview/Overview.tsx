import { useTranslation } from "react-i18next";
import { PageHead } from "@/parts/PageHead";

export default function Overview() {
  const { t } = useTranslation();
  return <PageHead title={t("nav.overview")} />;
}
