// The composer: what is sent stands in the record at once, commands are completed, pictures are pasted.
(() => {
  const form = document.querySelector("form.composer"), box = form?.querySelector("textarea");
  const { list, toEnd, make, set, on, byId } = window.watchbill;
  if (!box || !list) return;

  // An own entry waits greyed under the mark that the form posts; the real one with that mark takes its place.
  let mine = null, text = "", mark = "";
  on("htmx:configRequest", (ev) => {
    if (ev.target !== form) return;
    if (box.value !== text || !mark) mark = Date.now().toString(36) + Math.random().toString(36).slice(2);
    text = box.value;
    ev.detail.formData.set("mark", mark);
    mine?.remove();
    if (!text.trim() || /^\/(?!\/)/.test(text) || list().querySelector(`[data-mark="${mark}"]`)) return;
    mine = make("li", "tl-e tl-pending");
    mine.id = `sent-${mark}`;
    const body = make("div", "tl-b");
    body.append(make("span", "who", "You"), make("p", "prewrap", text), make("span", "tiny muted", "sending"));
    mine.append(make("time"), make("span", "av"), body);
    list().append(mine);
    toEnd();
  });
  on("htmx:afterRequest", (ev) => {
    if (ev.target !== form || !mine) return;
    const said = mine.querySelector(".tiny"), { status } = ev.detail.xhr, sent = mine;
    said.textContent = "";
    if (status >= 200 && status < 300) { mark = ""; setTimeout(() => sent.remove(), 15000); } else said.append("Not sent. ", make("button", "btn btn-sm", "Try again", () => { box.value ||= text; form.requestSubmit(); }));
  });

  box.addEventListener("paste", (ev) => {
    const files = form.querySelector("[data-paste]"), all = new DataTransfer();
    if (!files || !ev.clipboardData.files.length) return;
    ev.preventDefault();
    for (const file of [...files.files, ...ev.clipboardData.files]) all.items.add(file);
    files.files = all.files;
    files.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // A slash at the beginning lists the commands.
  const known = JSON.parse(byId("slash-commands")?.textContent || "[]");
  const menu = set(make("ul", "slashes"), { id: "slashes", role: "listbox", "aria-label": "Commands", tabindex: 0 });
  let at = 0, fits = [];
  const draw = () => {
    menu.hidden = !fits.length;
    menu.replaceChildren(...fits.map(({ key, usage, says }, index) => {
      const option = set(make("li"), { id: `slash-${key}`, role: "option", "aria-selected": index === at });
      option.append(make("code", "", usage), make("span", "muted", says));
      return option;
    }));
    const chosen = menu.children[at];
    set(box, { "aria-activedescendant": chosen?.id || "" });
    chosen?.scrollIntoView({ block: "nearest" });
  };
  const complete = (word) => { at = 0; fits = word ? known.filter(({ key }) => key.startsWith(word[1].toLowerCase())) : []; draw(); };
  const take = (key) => { box.value = `/${key} `; box.dispatchEvent(new Event("input", { bubbles: true })); };
  if (!known.length) return;
  set(box, { "aria-autocomplete": "list", "aria-controls": "slashes" });
  box.after(menu);
  draw();
  box.addEventListener("input", () => complete(/^\/(\w*)$/.exec(box.value)));
  box.addEventListener("blur", () => complete());
  menu.addEventListener("mousedown", (ev) => { ev.preventDefault(); take(ev.target.closest("li").id.slice(6)); });
  box.addEventListener("keydown", (ev) => {
    if (!fits.length || ev.ctrlKey || ev.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: fits.length - 1 }[ev.key];
    if (step) { at = (at + step) % fits.length; draw(); } else if (ev.key === "Enter" || ev.key === "Tab") take(fits[at].key);
    else if (ev.key === "Escape") complete(); else return;
    ev.preventDefault();
  });
})();
