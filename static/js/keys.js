// Keyboard: single letters work only outside fields and can be switched off (WCAG 2.1.4).
(() => {
  const root = document.documentElement;
  const PLACES = { n: "/now/", i: "/incidents/", s: "/schedules/" };
  const typing = (el) => el.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true], dialog[open]");
  let going = 0;

  const step = (by) => {
    const rows = [...document.querySelectorAll("a.t-title, .tl-e[tabindex]")];
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))].focus();
  };

  addEventListener("keydown", (ev) => {
    if ((ev.ctrlKey || ev.metaKey) && ev.key === "Enter") {
      const form = ev.target.closest("form");
      if (form?.method === "post") { ev.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (typing(ev.target) || ev.ctrlKey || ev.metaKey || ev.altKey || root.dataset.keys === "off") return;
    const key = ev.key.toLowerCase();
    if (going && Date.now() - going < 1500) {
      going = 0;
      if (PLACES[key]) { ev.preventDefault(); location.assign(PLACES[key]); return; }
    }
    if (key === "g") { going = Date.now(); return; }
    if (key === "j" || key === "k") { step(key === "j" ? 1 : -1); return; }
    // A letter acts only when it is clear on what; otherwise it leads to the first place.
    const hits = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter((el) => el.offsetParent !== null);
    if (!hits.length) return;
    ev.preventDefault();
    hits[0].focus();
    if (hits.length === 1 && hits[0].matches("button, a, summary")) hits[0].click();
  });
})();
