import { Radio, Stack } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import type { Role } from "@/api/generated/server";

const ROLES = ["viewer", "operator", "admin"] as const satisfies readonly Role[];

/** The choice of a role, with what each allows. */
export function RolePicker({ form }: { form: UseFormReturnType<{ role: Role } & object> }) {
  const { t } = useTranslation("users");
  return (
    <Radio.Group label={t("users.role")} key={form.key("role")} {...form.getInputProps("role")}>
      <Stack gap="xs" mt={6}>
        {ROLES.map((role) => (
          <Radio key={role} value={role} label={t(`role.${role}`)} description={t(`may.${role}`)} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
