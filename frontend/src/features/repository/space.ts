/** How much room there is for backups. */
export interface Space {
  /** What backups occupy, of what they could: 0 to 1. */
  share: number;
  /** What backups could occupy: what they do, and what is free [bytes]. */
  room: number;
  level: "good" | "low" | "full";
}

const LOW_SHARE = 0.1;

/**
 * Return how much room there is, or null where the medium does not tell.
 *
 * `full`: a backup of the usual size may not fit. `low`: two do not, or less than a tenth is left.
 *
 * Args:
 *   stored: What the repository occupies [bytes]. free: What is free beside it [bytes].
 *   usual: What a backup has on average, before anything is shared [bytes]; 0 if unknown.
 */
export function spaceOf(stored: number, free: number | null, usual = 0): Space | null {
  if (free === null) return null;
  const room = stored + free;
  const share = room > 0 ? stored / room : 1;
  if (free <= usual) return { share, room, level: "full" };
  return { share, room, level: free < 2 * usual || free < LOW_SHARE * room ? "low" : "good" };
}
