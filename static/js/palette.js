// The palette: commands of this page, pages seen last, what the server finds (htmx asks).
const box = one("#palette"), input = one("input", box);
const [, list, said] = box.children, [here, seen, found] = list.children;
let options = [], at = 0, sent = "", shown = "", hurry;
const pick = () => options[at]?.click();
const mark = (to) => {
  at = (to + options.length) % options.length || 0;
  options.forEach((el, i) => { el.id = `found-${i}`; });
  choose(input, options, options[at]);
};
const option = (about) => make("a", { role: "option", tabIndex: -1, ...about });
// A command presses a link or button of the page.
const command = (el) => option({ [el.ariaLabel ? "textContent" : "innerHTML"]: el.ariaLabel || el.innerHTML, onclick: () => { box.close(); watchbill.press(el); } });
const fill = (group, rows) => { group.lastElementChild.replaceChildren(...rows); group.hidden = !rows[0]; };
const draw = () => {
  const text = input.value.trim().toLowerCase(), words = text.replace(/^>/, "").split(/\s+/);
  const rows = all("[data-command], [data-key]:is(a, button):not([data-open]), .actions .btn, .inc-acts :is(a, button)").map(command);
  fill(here, rows.filter((row) => words.every((word) => row.textContent.toLowerCase().includes(word))).slice(0, { ">": 12, "#": 0, "@": 0 }[text[0]] ?? 4));
  fill(seen, text ? [] : (load(`recent:${user}`) || []).map((page) => option({ textContent: page.title, href: page.path })));
  options = all("[role=option]", list);
  said.textContent = `${options.length || "Nothing"} found`;
  mark(0);
  shown = sent;
  if (hurry && shown === input.value) { hurry = false; pick(); }
};
watchbill.find = () => {
  if (one("dialog[open]")) return;
  found.innerHTML = input.value = sent = "";
  hurry = false;
  draw();
  box.showModal();
};
input.addEventListener("htmx:beforeRequest", () => { sent = input.value; });
found.addEventListener("htmx:afterSwap", draw);
// Without an answer this page's own commands are still there; nothing unseen is chosen.
for (const fault of ["sendError", "responseError"]) input.addEventListener(`htmx:${fault}`, (ev) => {
  ev.stopPropagation();
  found.innerHTML = "";
  hurry = false;
  draw();
  said.textContent = ev.detail.xhr.status === 401 ? "You have been signed out: reload the page" : "The portal does not answer: only what this page knows";
});
input.onkeydown = (ev) => {
  const by = { ArrowDown: 1, ArrowUp: -1, Enter: 0 }[ev.key];
  if (ev.isComposing || by == null) return;
  ev.preventDefault();
  if (by) mark(at + by); else if (shown === input.value) pick(); else hurry = true;
};
on("click", ({ target }) => { if (target.closest("[data-open=palette]")) watchbill.find(); });
