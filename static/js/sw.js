// Offline: shell, own pages, answers. And pushes. VERSION and SHELL stand above.
const OWN = /^\/(now|answer\/[^/]+)\/$/;
const on = (name, act) => addEventListener(name, (ev) => ev.waitUntil(act(ev)));
const drop = async (test) => { for (const name of await caches.keys()) if (test(name)) await caches.delete(name); };
// Who signs out takes along what is here, also without a network.
const leave = async () => {
  await drop((name) => /^[do]/.test(name));
  for (const shown of await registration.getNotifications()) shown.close();
  await (await registration.pushManager?.getSubscription())?.unsubscribe();
};
// One person at a time: pages pushed here for "o7" end once another is here.
const keep = async (path, answer) => {
  const html = await answer.text(), who = html.match(/data-user="(\d+)/)?.[1], headers = new Headers(answer.headers);
  const other = (sign) => (name) => name[0] === sign && name !== sign + who;
  if (!who) return;
  if ((await caches.keys()).some(other("o"))) await leave();
  await drop(other("d"));
  headers.set("date", new Date().toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: html.match(/data-zone="(.+?)"/)?.[1] }));
  await (await caches.open(`d${who}`)).put(path, new Response(html, { headers }));
};
const kept = async (path) => {
  const old = OWN.test(path) && await caches.match(path);
  return old && new Response((await old.text()).replace(/<body.*?>/, `$&<p class="offline" role="status">Offline, showing ${old.headers.get("date")}</p>`), old);
};
const page = async (ev, path) => {
  const asked = fetch(ev.request).then((answer) => {
    ev.waitUntil(answer.ok && OWN.test(path) ? keep(path, answer.clone()) : flush());
    return answer;
  });
  try { return await Promise.race([asked, new Promise((late) => setTimeout(late, 3e3))]) || await kept(path) || await asked; }
  catch { return await kept(path) || caches.match("/offline/"); }
};

// By its nonce an answer sent twice counts once.
const send = (path, body) => fetch(path, { method: "POST", body: new URLSearchParams(body), headers: { Accept: "application/json" } });
const wait = async (path, body) => {
  await (await caches.open("queue")).put(`${path}?${body}`, new Response());
  await registration.sync?.register("queue").catch(() => 0);
};
let busy;
const flush = () => busy ||= (async () => {
  const queue = await caches.open("queue");
  for (const { url } of await queue.keys()) {
    const { pathname, search, searchParams } = new URL(url), answer = await send(pathname, search);
    const { said } = await answer.json().catch(() => ({ said: answer.ok && !answer.url.includes("/accounts/") ? "" : "Your answer did not count. Open your pages." }));
    if (answer.status > 499) continue;
    await queue.delete(url);
    if (said) await tell(said, { tag: searchParams.get("tag") || pathname, data: { url: pathname } }).catch(() => 0);
    (await clients.matchAll()).map((one) => one.postMessage(0));
  }
  if ((await queue.keys())[0]) throw 0; // "sync" comes again
})().finally(() => busy = 0);
const post = async (request, path) => {
  const body = request.clone().text();
  return fetch(request).catch(async () => { await wait(path, await body); return caches.match("/offline/answer/"); });
};

on("install", async () => { await (await caches.open(VERSION)).addAll(SHELL); skipWaiting(); });
on("activate", async () => { await drop((name) => name[0] === "s" && name !== VERSION); await clients.claim(); });
on("sync", flush);
on("message", async (ev) => ev.origin === origin && flush());
onfetch = (ev) => {
  const { request } = ev, { origin: from, pathname: path } = new URL(request.url);
  if (from !== origin) return;
  if (path.startsWith("/static/")) ev.respondWith(fetch(request).catch(() => caches.match(request)));
  else if (request.mode !== "navigate") return;
  else if (path === "/accounts/logout/" && request.method === "POST") ev.waitUntil(leave());
  else if (path.startsWith("/accounts/")) ev.waitUntil(flush().finally(() => drop((name) => name[0] === "d")));
  else if (request.method === "GET") ev.respondWith(page(ev, path));
  else if (/^\/(answer|now\/pages)\//.test(path)) ev.respondWith(post(request, path));
};

const tell = (title, more) => registration.showNotification(title, more);
on("push", (ev) => { const data = ev.data.json(); return tell(data.title, { ...data, data }); });
on("notificationclick", async ({ action, notification }) => {
  const { data } = notification, { url, nonce, tag } = data, body = `answer=${action}&nonce=${nonce}&via=push&tag=${tag}`;
  notification.close();
  if (!action) return clients.openWindow(url);
  try { await tell((await (await send(url, body)).json()).said, { tag, data }); }
  catch { await wait(url, body); await tell("Will be sent when you are connected", { tag, data }); }
});
// Browsers may tell neither. Only the person whose pages come here gets the new one.
on("pushsubscriptionchange", async ({ oldSubscription, newSubscription: made }) => {
  const path = "/profile/contact-methods/", page = await (await fetch(path)).text();
  const [, who, csrfmiddlewaretoken] = page.match(/data-user="(\d+)[^]*?token" value="(\w+)/) || [];
  if (!await caches.has(`o${who}`)) return made?.unsubscribe();
  const { public_key } = await (await fetch("/api/v1/providers/webpush/")).json();
  made ||= await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: public_key });
  await send(`${path}browser/`, { csrfmiddlewaretoken, former: oldSubscription?.endpoint || "", subscription: JSON.stringify(made) });
});
