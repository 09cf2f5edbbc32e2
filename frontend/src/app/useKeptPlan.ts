import { useState } from "react";

const KEY = "holdfast-plan";

/** The plan that was chosen last: in this tab, else in any; what other tabs choose is theirs. */
export function useKeptPlan(): [plan: string, keep: (plan: string) => void] {
  const [plan, setPlan] = useState(
    () => sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? "",
  );
  const keep = (chosen: string) => {
    sessionStorage.setItem(KEY, chosen);
    localStorage.setItem(KEY, chosen);
    setPlan(chosen);
  };
  return [plan, keep];
}
