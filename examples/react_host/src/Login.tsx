import { useState } from "react";

/** Asks for the administrators' token, as an application asks for whatever it knows people by. */
export function Login({ onToken }: { onToken: (token: string) => void }) {
  const [typed, setTyped] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onToken(typed);
      }}
    >
      <label>
        Token{" "}
        <input
          type="password"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </label>{" "}
      <button type="submit">Open the settings</button>
    </form>
  );
}
