import { useTranslation } from "react-i18next";
import type { UserView } from "@/api/generated/server";
import { EndDialog } from "@/features/users/EndDialog";
import { useRemoveUser } from "@/features/users/useUsers";
import { sayDone } from "@/parts/say";

/** Remove a user: says what ends with it. */
export default function RemoveDialog({ user, onClose }: { user: UserView; onClose: () => void }) {
  const { t } = useTranslation("users");
  const remove = useRemoveUser();
  const name = user.username;
  const end = () =>
    remove.mutate(name, {
      onSuccess: () => {
        sayDone(t("remove.done", { name }));
        onClose();
      },
    });
  return (
    <EndDialog
      title={t("remove.title", { name })}
      about={t("remove.about", { name })}
      button={t("remove.button")}
      end={end}
      ending={remove}
      onClose={onClose}
    />
  );
}
