// The live connection: frames have gapless numbers; what was missed is asked for.
const label = one("[data-live-state]");
const { live, seq, feed, regions, every } = one("[data-live]").dataset;
let last = +seq, tries = 0, opened, lost = 0, socket, polling = 0, over, heard = now();
const isOpen = () => socket?.readyState === WebSocket.OPEN;

const here = one("#here"), note = here && one("#note");
const say = (state, text) => {
  const box = label.lastElementChild;
  label.hidden = false;
  label.dataset.state = state;
  if (box.textContent !== text) box.textContent = text;
  if (here && state !== "live") here.hidden = true;
};
const show = () => {
  if (over) return;
  const gone = lost && (now() - lost) / 1000;
  if (isOpen()) say("live", "Live");
  else if (!navigator.onLine || (gone > 60 && !polling)) say("offline", `Offline, showing ${written(heard, { timeStyle: "short" })}. Your text is kept.`);
  else if (polling) say("live", "Updating every 10 s");
  else if (gone > 2) say("reconnecting", `Reconnecting, last news ${Math.round((now() - heard) / 1000)} s ago`);
};
const end = (text = "Signed out. Your text is kept.") => { over = true; clearInterval(polling); say("offline", text); };

// Who is here and who writes.
const writers = one("[data-writing]");
let wrote = 0;
const beat = () => { if (here && isOpen() && !document.hidden) socket.send(`{"type": "${now() - wrote < 8000 ? "writing" : "here"}"}`); };
const stop = () => { if (wrote) { wrote = 0; beat(); } };
note?.addEventListener("input", () => {
  if (!note.value) stop();
  else if (now() - wrote > 4000) { wrote = now(); beat(); }
});
setInterval(beat, 20000);
on("visibilitychange", beat);
const attend = ({ html, writing }) => {
  here.innerHTML = html;
  here.hidden = !html;
  const names = writing.filter(([who]) => who !== user).map(([, name]) => name.split(" ")[0]);
  if (writers) writers.textContent = names[0] ? `${names.slice(0, 3).join(", ")} ${names[1] ? "are" : "is"} writing` : "";
};

// Closed panels stay closed.
const folded = ({ id }) => `folded:${user}:${id}`;
const fold = (within) => all("details.panel", within).forEach((el) => { el.open = !load(folded(el)); });
on("toggle", ({ target: el }) => { if (el.matches(".panel")) save(folded(el), !el.open); }, true);
fold();

const get = async (path) => {
  const answer = await fetch(path, { headers: { "X-Live": "1" }, redirect: "error" });
  if (answer.status === 401) end();
  if (answer.status === 404) location.reload();
  return answer.ok && answer;
};
let asked, busy;
const soon = () => { clearTimeout(asked); asked = setTimeout(draw, 120); };
const draw = async () => {
  if (busy) return soon();
  busy = true;
  try {
    const answer = await get(regions);
    if (answer) [...parsed(await answer.text()).children].forEach((fresh) => put(fresh, fresh.id));
    watchbill.tick();
  } catch { /* the label says it */ }
  busy = false;
};
// Where somebody types, the new region waits.
const waiting = new Map();
on("focusout", () => setTimeout(() => waiting.forEach(put)));
const put = (fresh, id) => {
  const old = one(`#${id}`), focused = old?.contains(document.activeElement) && document.activeElement;
  if (!old) return;
  if (typed(old) || focused.matches?.("textarea, input")) {
    if (!waiting.has(id)) old.prepend(make("p", "tiny muted", "1 change"));
    return waiting.set(id, fresh);
  }
  waiting.delete(id);
  fold(fresh);
  for (const menu of all(".menu[id]", old)) one(`#${CSS.escape(menu.id)}`, fresh)?.toggleAttribute("open", menu.open);
  if (old.innerHTML === fresh.innerHTML) return;
  old.replaceWith(fresh);
  fresh.classList.add("settling");
  setTimeout(() => fresh.classList.remove("settling"), 600);
  if (fresh.dataset.title) document.title = fresh.dataset.title;
  if (focused.id) (one(`#${CSS.escape(focused.id)}`) || one("#main-act"))?.focus();
  htmx.process(fresh);
};

// True when others are missing before it.
const handle = (frame) => {
  const { kind, seq: number } = frame;
  heard = now();
  if (kind === "presence") return here && attend(frame);
  if (number <= last) return;
  if (kind === "reload") return location.reload();
  if (number > last + 1) return true;
  last = number;
  if (kind === "entry" || kind === "revision") watchbill.take?.(frame.html);
  else if (kind !== "skip") soon();
};
const poll = async () => {
  try {
    if (!feed) { await draw(); heard = now(); return show(); }
    const answer = await get(`${feed}?since=${last}`);
    if (!answer) return;
    const { frames, more } = await answer.json();
    heard = now();
    frames.forEach(handle);
    show();
    if (more) poll();
  } catch { /* again in 10 s */ }
};
on("watchbill:sent", () => { stop(); if (!isOpen()) poll(); });

const connect = () => {
  if (over) return;
  socket = new WebSocket(`${location.origin.replace("http", "ws")}${live}?since=${last}`);
  socket.onopen = () => { opened = true; clearInterval(polling); tries = lost = polling = 0; heard = now(); show(); beat(); };
  socket.onmessage = ({ data }) => { if (handle(JSON.parse(data))) socket.close(); };
  socket.onclose = ({ code }) => {
    if (code === 4401) return end();
    if (code === 4403) return end("No longer shared with you.");
    lost ||= now();
    setTimeout(connect, ([1, 2, 4, 8][tries] || 15) * (700 + 600 * Math.random()));
    tries += 1;
    if (!opened && tries > 2 && !polling) { polling = setInterval(poll, 10000); poll(); }
    show();
  };
};
ononline = onoffline = show;
setInterval(show, 1000);
// What no frame tells: time passing, other teams' incidents.
if (every) setInterval(() => { if (!document.hidden) draw(); }, every * 1000);
watchbill.draw = draw;
connect();
