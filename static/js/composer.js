// The composer: what is sent stands in the record at once.
const { on, byId, one, set, make, button, choose, list, toEnd } = watchbill, box = byId("note"), { form } = box;

// It waits greyed under a mark that the form posts, until the real one with that mark comes.
let mine, text, mark;
on("htmx:configRequest", ({ target, detail }) => {
  if (target !== form) return;
  if (box.value !== text || !mark) mark = Math.random().toString(36).slice(2);
  text = box.value;
  detail.formData.set("mark", mark);
  mine?.remove();
  if (!text.trim() || /^\/(?!\/)/.test(text) || one(`[data-mark="${mark}"]`, list())) return;
  const body = make("div", "tl-b", make("span", "who", "You"), make("p", "prewrap", text), make("span", "tiny muted", "sending"));
  mine = set(make("li", "tl-e tl-pending", make("time"), make("span", "av"), body), { id: `sent-${mark}` });
  list().append(mine);
  toEnd();
});
on("htmx:afterRequest", ({ target, detail }) => {
  if (target !== form || !mine) return;
  const said = one(".tiny", mine);
  said.textContent = "";
  if (/^2/.test(detail.xhr.status)) { mark = ""; setTimeout((sent) => sent.remove(), 15000, mine); }
  else said.append("Not sent. ", button("Try again", () => { box.value ||= text; form.requestSubmit(); }));
});

box.onpaste = (ev) => {
  const { files } = form, all = new DataTransfer(), pasted = ev.clipboardData.files;
  if (!pasted[0]) return;
  ev.preventDefault();
  for (const file of [...files.files, ...pasted]) all.items.add(file);
  files.files = all.files;
};

// A slash at the beginning lists the commands.
const menu = byId("slashes"), commands = [...menu.children];
let at = 0, fits = [];
const draw = () => {
  const chosen = fits[at];
  menu.hidden = !chosen;
  for (const each of commands) each.hidden = !fits.includes(each);
  choose(box, fits, chosen);
};
const complete = (word) => { at = 0; fits = commands.filter(({ id }) => word && id.startsWith(`slash-${word[1].toLowerCase()}`)); draw(); };
const take = ({ id }) => { box.value = `/${id.slice(6)} `; box.dispatchEvent(new Event("input", { bubbles: true })); };
box.oninput = () => complete(/^\/(\w*)$/.exec(box.value));
box.onblur = () => complete();
menu.onmousedown = (ev) => { ev.preventDefault(); take(ev.target.closest("li")); };
box.onkeydown = (ev) => {
  const { key } = ev, step = { ArrowDown: 1, ArrowUp: fits.length - 1 }[key];
  if (!fits[0] || ev.ctrlKey || ev.metaKey) return;
  if (step) { at = (at + step) % fits.length; draw(); }
  else if (key === "Enter" || key === "Tab") take(fits[at]);
  else if (key === "Escape") complete();
  else return;
  ev.preventDefault();
};
