// Set-up, login and how the backups stand. Paths are relative, so that any prefix will do.
const api = "api/v1/";
const find = (id) => document.getElementById(id);
const say = (text) => { find("said").textContent = text; };

async function ask(path, method = "GET", body = undefined) {
  const answer = await fetch(api + path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const found = text ? JSON.parse(text) : {};
  if (!answer.ok) {
    throw Object.assign(new Error(found.detail ?? answer.statusText), { status: answer.status });
  }
  return found;
}

async function showStatus(me) {
  find("login").hidden = find("setup").hidden = true;
  find("status").hidden = false;
  find("who").textContent = `${me.username} (${me.role})`;
  const parts = await Promise.all(me.plans.map(async (plan) => {
    const title = document.createElement("h2");
    title.textContent = plan;
    const shown = document.createElement("pre");
    const health = await ask(`plans/${encodeURIComponent(plan)}/health`).catch((error) => error.message);
    shown.textContent = typeof health === "string" ? health : JSON.stringify(health, null, 2);
    return [title, shown];
  }));
  find("plans").replaceChildren(...parts.flat());
}

async function begin() {
  try {
    await showStatus(await ask("auth/me"));
  } catch (error) {
    if (error.status !== 401) { say(error.message); return; }
    const { needed } = await ask("setup");
    const ways = await ask("auth/ways");
    find("status").hidden = true;
    find("setup").hidden = !needed;
    find("login").hidden = needed;
    find("oidc").hidden = !ways.oidc;
  }
}

function onSubmit(id, path, then) {
  find(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    say("");
    try {
      await ask(path, "POST", Object.fromEntries(new FormData(event.target)));
      event.target.reset();
      await then();
    } catch (error) {
      say(error.message);
    }
  });
}

onSubmit("setup", "setup", async () => { say("Set up. Log in now."); await begin(); });
onSubmit("login", "auth/login", begin);
find("logout").addEventListener("click", async () => {
  await ask("auth/logout", "POST").catch((error) => say(error.message));
  await begin();
});
await begin();
