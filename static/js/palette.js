// The command palette: commands of this page, pages visited last, and what the server finds (asked by htmx).
(() => {
  const doc = document, wb = window.watchbill, box = doc.getElementById("palette"), input = box.querySelector("input");
  const [, list, said] = box.children, [here, seen, found] = list.children;
  const options = () => [...list.querySelectorAll("[role=option]")];
  let at = 0, state = "";
  const pick = () => options()[at]?.click();
  const mark = (to) => {
    const all = options();
    at = (to + all.length) % all.length || 0;
    all.forEach((el, i) => { el.id = `found-${i}`; el.ariaSelected = i === at; });
    input.setAttribute("aria-activedescendant", all[at]?.id || "");
    all[at]?.scrollIntoView({ block: "nearest" });
  };
  const option = (about) => Object.assign(doc.createElement("a"), { role: "option", tabIndex: -1, ...about });
  // A command is a link or button of the page: what asks first there asks here.
  const command = (el) => option({ [el.ariaLabel ? "textContent" : "innerHTML"]: el.ariaLabel || el.innerHTML, onclick: () => { box.close(); wb.press(el); } });
  const fill = (group, rows) => { group.lastElementChild.replaceChildren(...rows); group.hidden = !rows[0]; };
  const draw = () => {
    const text = input.value.trim().toLowerCase(), words = text.replace(/^>/, "").split(/\s+/);
    const rows = [...doc.querySelectorAll("[data-command], [data-key]:is(a, button), .actions .btn, .inc-acts :is(a, button)")].filter((el) => !el.dataset.open).map(command);
    fill(here, rows.filter((row) => words.every((word) => row.textContent.toLowerCase().includes(word))).slice(0, { ">": 12, "#": 0, "@": 0 }[text[0]] ?? 4));
    let last = [];
    try { last = JSON.parse(localStorage.getItem(`recent:${wb.user}`)); } catch { /* none */ }
    fill(seen, text ? [] : (last || []).slice(0, 8).map((page) => option({ textContent: page.title, href: page.path })));
    said.textContent = `${options().length || "Nothing"} found`;
    mark(0);
    if (state === "hurry") pick();
    state = "";
  };
  wb.find = () => {
    if (doc.querySelector("dialog[open]")) return;
    found.innerHTML = input.value = "";
    draw();
    box.showModal();
  };
  input.oninput = () => { state = "wait"; };
  found.addEventListener("htmx:afterSwap", draw);
  input.onkeydown = (ev) => {
    const by = { ArrowDown: 1, ArrowUp: -1, Enter: 0 }[ev.key];
    if (ev.isComposing || by == null) return;
    ev.preventDefault();
    if (by) mark(at + by); else if (state) state = "hurry"; else pick();
  };
  doc.addEventListener("click", (ev) => { if (ev.target.closest("[data-open=palette]")) wb.find(); });
})();
