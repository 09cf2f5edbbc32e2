import { useTranslation } from "react-i18next";
import type { TokenView } from "@/api/generated/server";
import { EndDialog } from "@/features/users/EndDialog";
import { useRevokeToken } from "@/features/users/useTokens";
import { FactList } from "@/parts/FactList";
import { sayDone } from "@/parts/say";
import { When } from "@/parts/Values";

interface RevokeDialogProps {
  token: TokenView;
  onClose: () => void;
}

/** Revoke a token: says what stops working with it. */
export default function RevokeDialog({ token, onClose }: RevokeDialogProps) {
  const { t } = useTranslation(["users", "common"]);
  const revoke = useRevokeToken();
  const { name, username: user, permissions, plans, last_used_at: used } = token;
  const end = () =>
    revoke.mutate(token.id, {
      onSuccess: () => {
        sayDone(t("tokens.revokedNow", { name }));
        onClose();
      },
    });
  const may = permissions.map((each) => t(`common:permission.${each}`)).join(", ");
  return (
    <EndDialog
      title={t("revoke.title", { name })}
      about={t("revoke.about", { user })}
      button={t("revoke.button")}
      end={end}
      ending={revoke}
      onClose={onClose}
    >
      <FactList
        facts={[
          [t("tokens.may"), plans.length > 0 ? `${may} · ${plans.join(", ")}` : may],
          [t("tokens.used"), <When key="used" at={used} />],
        ]}
      />
    </EndDialog>
  );
}
