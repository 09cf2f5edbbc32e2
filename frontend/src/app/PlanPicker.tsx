import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface PlanPickerProps {
  plans: string[];
  chosen: string;
  onChoose: (plan: string) => void;
}

/** Which of several plans is shown. */
export default function PlanPicker({ plans, chosen, onChoose }: PlanPickerProps) {
  const { t } = useTranslation();
  return (
    <Select
      aria-label={t("plan")}
      data={plans}
      value={chosen}
      onChange={(plan) => plan && onChoose(plan)}
      allowDeselect={false}
      size="xs"
      w={150}
    />
  );
}
