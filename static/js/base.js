// What every module needs: who is signed in, the server's clock, the form token; and what the shell itself does.
(() => {
  const doc = document, root = doc.documentElement, user = root.dataset.user || "";
  const skew = Number(root.dataset.serverNow || Date.now()) - Date.now();
  const token = () => JSON.parse(doc.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
  window.watchbill = { user, zone: root.dataset.zone || "UTC", token, now: () => Date.now() + skew };

  // What needs scripts takes the place of what does without.
  const each = (query, call) => doc.querySelectorAll(query).forEach(call);
  each("[data-scripted], [data-plain]", (el) => { el.hidden = "plain" in el.dataset; });

  // The server sets the theme from the profile, so nothing flashes; the switch acts at once and keeps the choice there.
  doc.addEventListener("click", (ev) => {
    // Menus close on a click elsewhere; without scripts a second press on them does.
    each("details.menu[open]", (menu) => { if (!menu.contains(ev.target)) menu.open = false; });
    if (!ev.target.closest("[data-theme-toggle]")) return;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    if (!user) return;
    fetch("/api/v1/me/", {
      method: "PATCH",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify({ theme: root.dataset.theme }),
    }).catch(() => { /* it holds for this page */ });
  });
  doc.addEventListener("keydown", (ev) => {
    const menu = ev.key === "Escape" && doc.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.firstElementChild.focus(); }
  });

  // A toast stays for its seconds, and longer while it is pointed at or focused.
  each("[data-fade]", (toast) => {
    let left = Number(toast.dataset.fade);
    setInterval(() => { if (!toast.matches(":hover, :focus-within") && (left -= 1) < 1) toast.remove(); }, 1000);
  });

  // The last pages seen: offered where nothing was found, forgotten at sign-out.
  try {
    const key = `recent:${user}`, path = location.pathname, seen = JSON.parse(localStorage[key] || "[]");
    each("[data-recent]", (box) => {
      box.hidden = !seen.length;
      for (const one of seen.slice(0, 5)) box.append(Object.assign(doc.createElement("a"), { href: one.path, textContent: one.title }));
    });
    const title = doc.title.replace(/^\(\d+\) | · Watchbill$/g, ""), rest = seen.filter((one) => one.path !== path);
    if (user && !doc.querySelector("[data-error]")) localStorage[key] = JSON.stringify([{ title, path }, ...rest].slice(0, 8));
    addEventListener("submit", (ev) => { if (ev.target.matches("[data-forget]")) delete localStorage[key]; });
  } catch { /* no store */ }

  // A late region that failed, or has not come after 15 s, can be asked for again.
  each("[data-late]", (box) => {
    const fault = box.querySelector("[role=alert]"), show = (on) => { fault.hidden = !on; };
    const wait = () => setTimeout(show, 15000, true);
    box.addEventListener("htmx:afterRequest", (ev) => show(!ev.detail.successful));
    fault.lastElementChild.onclick = () => { show(false); wait(); window.htmx.trigger(box, "again"); };
    wait();
  });
})();
