// The composer: what is sent stands in the record at once.
const { list, toEnd } = watchbill, box = one("#note"), { form } = box, { files } = form;

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
  mine = make("li", { className: "tl-e tl-pending", id: `sent-${mark}` }, make("time"), make("span", "av"), body);
  list().append(mine);
  toEnd();
});
on("htmx:afterRequest", ({ target, detail }) => {
  if (target !== form || !mine) return;
  const said = one(".tiny", mine);
  said.textContent = "";
  if (/^2/.test(detail.xhr.status)) setTimeout((sent) => sent.remove(), 15000, mine);
  else said.append("Not sent. ", button("Try again", () => { box.value ||= text; form.requestSubmit(); }));
});

// Files that go along; with others, or once it was sent, it is another entry.
const name = () => {
  mark = "";
  one("#note-chosen").replaceChildren(...[...files.files].map(({ name, size }, place, held) => set(
    button(`${name}, ${Math.ceil(size / 1024)} KB ✕`, () => { hold(held.toSpliced(place, 1)); box.focus(); }),
    { className: "chip", title: "Take it away" },
  )));
};
const hold = (held) => {
  const all = new DataTransfer();
  for (const file of held) all.items.add(file);
  files.files = all.files;
  name();
};
files.onchange = name;
on("watchbill:sent", name);
name();
box.onpaste = (ev) => {
  const pasted = ev.clipboardData.files;
  if (!pasted[0]) return;
  ev.preventDefault();
  hold([...files.files, ...pasted]);
};

// A slash at the beginning lists the commands.
const menu = one("#slashes"), commands = [...menu.children];
let at = 0, fits = [];
const draw = () => {
  menu.hidden = !fits[0];
  for (const each of commands) each.hidden = !fits.includes(each);
  choose(box, fits, fits[at]);
};
const complete = (word) => { at = 0; fits = commands.filter(({ id }) => word && id.startsWith(`slash-${word[1].toLowerCase()}`)); draw(); };
const take = ({ id }) => { box.value = `/${id.slice(6)} `; fire(box, "input"); };
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
