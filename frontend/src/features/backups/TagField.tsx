import { TagsInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface TagFieldProps {
  value: string[];
  onChange: (tags: string[]) => void;
}

/** The tags of a backup, typed one after another. A comma ends one: none may be in a tag. */
export function TagField({ value, onChange }: TagFieldProps) {
  const { t } = useTranslation("backups");
  return (
    <TagsInput
      label={t("create.tags")}
      description={t("create.tagsHint")}
      splitChars={[","]}
      acceptValueOnBlur
      maxTags={50}
      value={value}
      // The keyboards of phones do not tell of a comma: what was typed then comes as one.
      onChange={(tags) =>
        onChange(
          [...new Set(tags.flatMap((each) => each.split(",").map((tag) => tag.trim())))].filter(
            Boolean,
          ),
        )
      }
    />
  );
}
