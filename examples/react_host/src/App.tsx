import { useQuery, useQueryClient } from "@tanstack/react-query";
import { BackupProvider } from "holdfast-react";
import { useState } from "react";
import { LastBackup } from "./LastBackup";
import { Login } from "./Login";
import { Settings } from "./Settings";

const BACKUPS = "/api/backups";

/** A guest book, with settings for whoever has the administrators' token. */
export function App() {
  const [token, setToken] = useState("");
  const cache = useQueryClient();
  const guests = useQuery({
    queryKey: ["guests"],
    queryFn: async () => (await (await fetch("/api/guests")).json()) as string[],
  });
  const headers = (): Record<string, string> => ({ Authorization: `Bearer ${token}` });
  return (
    <main>
      <h1>Guest book</h1>
      <ul aria-label="Guests">
        {guests.data?.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
      {token === "" ? (
        <Login onToken={setToken} />
      ) : (
        <>
          <BackupProvider baseUrl={BACKUPS} headers={headers}>
            <LastBackup />
          </BackupProvider>
          <Settings
            baseUrl={BACKUPS}
            headers={headers}
            onRestored={() => void cache.invalidateQueries({ queryKey: ["guests"] })}
          />
        </>
      )}
    </main>
  );
}
