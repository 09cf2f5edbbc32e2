/** How many characters the server wants at least. */
export const SHORTEST_PASSWORD = 12;

const ALLOWED = /^[A-Za-z0-9][A-Za-z0-9._@+-]*$/;
const LONGEST = 100;

/** Whether the server takes a name for a user. */
export function isUserName(given: string): boolean {
  return given.length <= LONGEST && ALLOWED.test(given);
}
