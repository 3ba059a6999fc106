// What every module needs (`watchbill`), and what the shell itself does.
const root = document.documentElement.dataset, { user = "", zone, serverNow } = root;
const skew = (serverNow || Date.now()) - Date.now(), now = () => Date.now() + skew;
const on = (name, act, early) => document.addEventListener(name, act, early);
const byId = (id) => document.getElementById(id);
const one = (query, within = document) => within.querySelector(query);
const all = (query, within = document) => [...within.querySelectorAll(query)];
const set = Object.assign;
const make = (tag, className = "", ...inside) => {
  const el = set(document.createElement(tag), { className });
  el.append(...inside);
  return el;
};
const button = (name, onclick) => set(make("button", "btn btn-sm", name), { type: "button", onclick });
const parsed = (html) => set(make("template"), { innerHTML: html }).content;
const typed = (within) => all("textarea, input:not([type=hidden])", within).some((el) => el.value !== el.defaultValue);
const written = (at, words) => new Date(at).toLocaleString("en-GB", { timeZone: watchbill.zone, ...words });
// Which of the options under a field is chosen.
const choose = (field, options, chosen) => {
  for (const el of options) el.ariaSelected = el === chosen;
  field.setAttribute("aria-activedescendant", chosen?.id || "");
  chosen?.scrollIntoView({ block: "nearest" });
};
let store = null;
try { store = localStorage; } catch { /* off */ }
const load = (name) => { try { return JSON.parse(store[name]); } catch { return null; } };
const save = (name, value) => { try { if (value) store[name] = JSON.stringify(value); else delete store[name]; } catch { /* full */ } };
window.watchbill = { root, user, zone: zone || "UTC", now, on, byId, one, all, set, make, button, parsed, typed, written, choose, store, load, save };

// What needs scripts takes the place of what does without.
all("[data-scripted], [data-plain]").forEach((el) => { el.hidden = "plain" in el.dataset; });

on("click", ({ target }) => {
  // Menus close on a click elsewhere.
  all("details.menu[open]").forEach((menu) => { menu.open = menu.contains(target); });
  if (!target.closest("[data-theme-toggle]")) return;
  // The theme changes at once; the server keeps it, so that nothing flashes.
  const dark = root.theme ? root.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = root.theme = dark ? "light" : "dark";
  const headers = { "Content-Type": "application/json", ...JSON.parse(document.body.getAttribute("hx-headers")) };
  if (user) fetch("/api/v1/me/", { method: "PATCH", headers, body: JSON.stringify({ theme }) }).catch(() => 0);
});
on("keydown", ({ key }) => {
  const menu = key === "Escape" && one("details.menu[open]");
  if (menu) { menu.open = false; menu.firstElementChild.focus(); }
});

// A toast stays longer while it is pointed at or focused.
all("[data-fade]").forEach((toast) => {
  let left = toast.dataset.fade;
  setInterval(() => { if (!toast.matches(":hover, :focus-within") && (left -= 1) < 1) toast.remove(); }, 1000);
});

// The last pages seen: offered where nothing was found.
const recent = `recent:${user}`, path = location.pathname, seen = load(recent) || [], box = one("[data-recent]");
if (box) {
  box.hidden = !seen[0];
  box.append(...seen.slice(0, 5).map((page) => set(make("a", "", page.title), { href: page.path })));
}
const title = document.title.replace(/^\(\d+\) | · Watchbill$/g, "");
if (user && !one("[data-error]")) save(recent, [{ title, path }, ...seen.filter((page) => page.path !== path)].slice(0, 8));

// A late region that failed or takes 15 s can be asked for again.
all("[data-late]").forEach((box) => {
  const fault = one("[role=alert]", box), show = (on) => { fault.hidden = !on; };
  const wait = () => { show(); setTimeout(show, 15000, true); };
  box.addEventListener("htmx:afterRequest", ({ detail }) => show(!detail.successful));
  fault.lastElementChild.onclick = () => { wait(); htmx.trigger(box, "again"); };
  wait();
});
