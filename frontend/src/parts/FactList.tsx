import type { ReactNode } from "react";
import classes from "@/parts/FactList.module.css";

/** What a fact is called, and its value; one that is false is left out. */
export type Fact = readonly [name: string, value: ReactNode] | false;

/** Some facts, one below the other: what, and its value. */
export function FactList({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(
        (fact) =>
          fact && (
            <div key={fact[0]} className={classes.fact}>
              <dt>{fact[0]}</dt>
              <dd>{fact[1]}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
