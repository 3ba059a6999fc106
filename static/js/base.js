// What every module needs: who is signed in, the server's clock, the form token; and the theme switch.
(() => {
  const root = document.documentElement;
  const skew = Number(root.dataset.serverNow || Date.now()) - Date.now();
  const token = () => {
    try { return JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || ""; } catch { return ""; }
  };
  window.watchbill = { user: root.dataset.user || "", zone: root.dataset.zone || "UTC", token, now: () => Date.now() + skew };

  // The server sets the theme from the profile, so nothing flashes; the switch acts at once and keeps the choice there.
  document.addEventListener("click", (ev) => {
    if (!ev.target.closest("[data-theme-toggle]")) return;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    if (!window.watchbill.user) return;
    fetch("/api/v1/me/", {
      method: "PATCH",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify({ theme: root.dataset.theme }),
    }).catch(() => { /* it holds for this page, and the profile can be changed later */ });
  });

  // Menus close on Escape and on a click elsewhere; without scripts a second press on them does.
  document.addEventListener("click", (ev) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(ev.target)) menu.open = false;
  });
  document.addEventListener("keydown", (ev) => {
    const menu = ev.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // A toast stays for its seconds, and longer while it is pointed at or focused.
  for (const toast of document.querySelectorAll("[data-fade]")) {
    let left = Number(toast.dataset.fade);
    const timer = setInterval(() => {
      if (toast.matches(":hover, :focus-within")) return;
      left -= 1;
      if (left <= 0) { clearInterval(timer); toast.remove(); }
    }, 1000);
  }
})();
