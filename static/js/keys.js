// Keys: core/web/keys.py says what each needs.
(() => {
  const doc = document, wb = window.watchbill, sheet = doc.getElementById("keys"), NEEDS = JSON.parse(sheet.dataset.needs);
  const hits = (key) => [...doc.querySelectorAll(NEEDS[key] || `[data-key="${CSS.escape(key)}"]`)].filter((el) => key[1] || el.getClientRects().length);
  let going = 0, last = 0, all;

  // Declining pages the next person: a key only leads there.
  wb.press = (el) => {
    el.focus();
    if (el.matches("a, summary, button") && !(el.dataset.key === "d" && el.form)) el.click();
  };
  const step = (by) => (all) => { const i = all.indexOf(doc.activeElement); (all[i + by] || all[i] || all[0]).focus(); };
  const ACTS = {
    j: step(1), k: step(-1), l: (all) => all.at(-1).focus(),
    "/": (all) => { const field = all.find((el) => el.form); if (field) field.focus(); else wb.find(); },
    "?": () => window.htmx.ajax("GET", "/keys/", sheet).then(() => {
      for (const row of sheet.querySelectorAll("[data-k]")) row.hidden = !hits(row.dataset.k)[0];
      sheet.showModal();
    }),
    x: (all, ev) => {
      const to = all.findIndex((el) => el.closest("tr, li").contains(doc.activeElement)), from = ev.shiftKey ? last : to;
      all.forEach((el, i) => (i - from) * (i - to) <= 0 && (from === to || !el.checked) && el.click());
      last = to;
    },
  };
  addEventListener("keydown", (ev) => {
    const at = ev.target, key = ev.key?.toLowerCase() || "", ctrl = ev.ctrlKey || ev.metaKey, act = (run) => { ev.preventDefault(); ev.stopImmediatePropagation(); run(all, ev); };
    if (ctrl && key === "enter" && at.form?.method === "post") act(() => at.form.requestSubmit());
    if (ctrl && key === "k") act(wb.find);
    if (ctrl || ev.altKey || ev.isComposing || doc.querySelector("dialog[open]") || at.closest?.("input:not([type=checkbox], [type=radio]), textarea, select")) return;
    if (key === "escape") hits("x").forEach((el) => el.checked && el.click());
    if (key[1] || doc.documentElement.dataset.keys || (ev.shiftKey && /[a-wyz]/.test(key))) return;
    const name = (going > Date.now() ? "g" : "") + key;
    all = hits(name);
    going = name === "g" && Date.now() + 1500;
    // It acts where that is clear, else leads to the first.
    if (all[0]) act(ACTS[name] || (() => (all[1] ? all[0].focus() : wb.press(all[0]))));
  });

  // The zone on offer.
  const guess = doc.querySelector("[data-guess]"), field = guess?.form.time_zone, zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!guess) return;
  guess.hidden = field.value === zone;
  guess.lastChild.textContent = `Use ${zone}`;
  guess.onclick = () => { field.value = zone; };
})();
