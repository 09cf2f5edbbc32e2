const KEY = "holdfast-way-back";

/** Keep the screen for who goes to the provider: the server sends back to the page, to no screen. */
export function keepScreen(): void {
  sessionStorage.setItem(KEY, location.hash);
}

/** Go on with the screen that was kept, once. */
export function returnToScreen(): void {
  const kept = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (kept && location.hash === "") history.replaceState(null, "", kept);
}
