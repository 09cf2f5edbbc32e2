import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";

interface TypedFieldProps {
  label: string;
  description: string;
  value: string;
  onTyped: (text: string) => void;
}

/** A filter that is typed; the server is asked when the typing pauses. */
export function TypedField({ label, description, value, onTyped }: TypedFieldProps) {
  const [typed, setTyped] = useState(value);
  const tell = useDebouncedCallback(onTyped, 300);
  // The address may change by itself: by the way back, or when the filters are taken off.
  useEffect(() => setTyped(value), [value]);
  return (
    <TextInput
      label={label}
      description={description}
      maxLength={200}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
    />
  );
}
