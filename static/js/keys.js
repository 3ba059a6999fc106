// Keys: core/web/keys.py says what each needs.
const sheet = one("#keys"), NEEDS = JSON.parse(sheet.dataset.needs);
const hits = (key) => all(NEEDS[key] || `[data-key="${CSS.escape(key)}"]`).filter((el) => key[1] || el.getClientRects()[0]);
let going = 0, last = 0, found;

// Declining pages the next person: a key only leads there.
watchbill.press = (el) => {
  el.focus();
  if (el.matches("a, summary, button") && !(el.dataset.key === "d" && el.form)) el.click();
};
const step = (by) => () => { const i = found.indexOf(document.activeElement); (found[i + by] || found[i] || found[0]).focus(); };
const ACTS = {
  j: step(1), k: step(-1), l: () => found.at(-1).focus(),
  "/": () => { const field = found.find((el) => el.form); if (field) field.focus(); else watchbill.find(); },
  "?": () => htmx.ajax("GET", "/keys/", sheet).then(() => {
    for (const row of all("[data-k]", sheet)) row.hidden = !hits(row.dataset.k)[0];
    sheet.showModal();
  }),
  x: ({ shiftKey }) => {
    const to = found.findIndex((el) => el.closest("tr, li").contains(document.activeElement)), from = shiftKey ? last : to;
    found.forEach((el, i) => (i - from) * (i - to) <= 0 && (from === to || !el.checked) && el.click());
    last = to;
  },
};
onkeydown = (ev) => {
  const at = ev.target, key = ev.key?.toLowerCase() || "", ctrl = ev.ctrlKey || ev.metaKey;
  const act = (run) => { ev.preventDefault(); ev.stopImmediatePropagation(); run(ev); };
  if (ctrl && key === "enter" && at.form?.method === "post") act(() => at.form.requestSubmit());
  if (ctrl && key === "k") act(watchbill.find);
  if (ctrl || ev.altKey || ev.isComposing || one("dialog[open]") || at.closest?.("input:not([type=checkbox], [type=radio]), textarea, select")) return;
  if (key === "escape") hits("x").forEach((el) => el.checked && el.click());
  if (key[1] || root.keys || (ev.shiftKey && /[a-wyz]/.test(key))) return;
  const name = (going > now() ? "g" : "") + key;
  found = hits(name);
  going = name === "g" && now() + 1500;
  // It acts where that is clear, else leads to the first.
  if (found[0]) act(ACTS[name] || (() => (found[1] ? found[0].focus() : watchbill.press(found[0]))));
};

// The zone on offer.
const guess = one("[data-guess]"), zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (guess && guess.form.time_zone.value !== zone) {
  guess.hidden = false;
  guess.lastChild.textContent = `Use ${zone}`;
  guess.onclick = () => { guess.form.time_zone.value = zone; };
}
