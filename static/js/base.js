// No module: all modules see what is declared here. What they give each other is in `watchbill`.
const root = document.documentElement.dataset, { user = "", serverNow } = root;
let { zone = "UTC" } = root;
const skew = (serverNow || Date.now()) - Date.now(), now = () => Date.now() + skew;
const on = (name, act, early) => document.addEventListener(name, act, early);
const one = (query, within = document) => within.querySelector(query);
const all = (query, within = document) => [...within.querySelectorAll(query)];
const set = Object.assign;
// An element of a class, or with properties.
const make = (tag, about = "", ...inside) => {
  const el = set(document.createElement(tag), about.at ? { className: about } : about);
  el.append(...inside);
  return el;
};
const button = (name, onclick) => make("button", { className: "btn btn-sm", type: "button", onclick }, name);
const parsed = (innerHTML) => make("template", { innerHTML }).content;
const fire = (el, name) => el.dispatchEvent(new Event(name, { bubbles: true }));
const typed = (within) => all("textarea, input:not([type=hidden])", within).some((el) => el.value !== el.defaultValue);
const written = (at, words) => new Date(at).toLocaleString("en-GB", { timeZone: zone, ...words });
const choose = (field, options, chosen) => {
  for (const el of options) el.ariaSelected = el === chosen;
  field.setAttribute("aria-activedescendant", chosen?.id || "");
  chosen?.scrollIntoView({ block: "nearest" });
};
let store = null;
try { store = localStorage; } catch { /* off */ }
const load = (name) => { try { return JSON.parse(store[name]); } catch { return null; } };
const save = (name, value) => { try { if (value) store[name] = JSON.stringify(value); else delete store[name]; } catch { /* full */ } };
window.watchbill = {};

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

// The last pages seen: offered where nothing was found.
{
  const recent = `recent:${user}`, path = location.pathname, seen = load(recent) || [], box = one("[data-recent]");
  if (box) {
    box.hidden = !seen[0];
    box.append(...seen.slice(0, 5).map((page) => make("a", { href: page.path }, page.title)));
  }
  const title = document.title.replace(/^\(\d+\) | · Watchbill$/g, "");
  if (user && !one("[data-error]")) save(recent, [{ title, path }, ...seen.filter((page) => page.path !== path)].slice(0, 8));
}

// A late region that failed or takes 15 s can be asked for again.
all("[data-late]").forEach((box) => {
  const fault = one("[role=alert]", box), show = (on) => { fault.hidden = !on; };
  const wait = () => { show(); setTimeout(show, 15000, true); };
  box.addEventListener("htmx:afterRequest", ({ detail }) => show(!detail.successful));
  fault.lastElementChild.onclick = () => { wait(); htmx.trigger(box, "again"); };
  wait();
});
