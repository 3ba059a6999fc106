// The live connection: frames with gapless numbers; after a break it asks for what it has missed.
(() => {
  const page = document.querySelector("[data-live]");
  if (!page) return;
  const { watchbill } = window, { load, save, make, parsed, on, byId } = watchbill, label = document.querySelector("[data-live-state]");
  const DELAYS = [1, 2, 4, 8, 15], OUT = "Signed out. Your text is kept.";
  const { live, seq, feed, regions, every } = page.dataset;
  let last = Number(seq || 0), tries = 0, opened = false, lost = 0, socket = null, polling = 0, over = false, heard = watchbill.now();
  const isOpen = () => socket?.readyState === WebSocket.OPEN;

  const here = byId("here"), note = here && document.querySelector(".composer textarea");
  const say = (state, text) => {
    const box = label.lastElementChild;
    label.hidden = false;
    label.dataset.state = state;
    if (box.textContent !== text) box.textContent = text;
    if (here && state !== "live") here.hidden = true;
  };
  const show = () => {
    if (over) return;
    if (isOpen()) { say("live", "Live"); return; }
    const gone = (Date.now() - lost) / 1000;
    const clock = new Date(heard).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: watchbill.zone });
    if (!navigator.onLine || (lost && gone > 60 && !polling)) say("offline", `Offline, showing ${clock}. Your text is kept.`);
    else if (polling) say("live", "Updating every 10 s");
    else if (lost && gone > 2) say("reconnecting", `Reconnecting, last news ${Math.round((watchbill.now() - heard) / 1000)} s ago`);
  };
  const end = (text) => { over = true; clearInterval(polling); say("offline", text); };

  // Who is here and who writes.
  const writers = note?.form.querySelector("[data-writing]");
  let typed = 0;
  const beat = () => { if (here && isOpen() && !document.hidden) socket.send(`{"type": "${Date.now() - typed < 8000 ? "writing" : "here"}"}`); };
  const stop = () => { if (typed) { typed = 0; beat(); } };
  note?.addEventListener("input", () => {
    if (!note.value) stop();
    else if (Date.now() - typed > 4000) { typed = Date.now(); beat(); }
  });
  setInterval(beat, 20000);
  on("visibilitychange", beat);
  const attend = ({ html, writing }) => {
    here.innerHTML = html;
    here.hidden = !html;
    const names = writing.filter(([who]) => who !== watchbill.user).map(([, name]) => name.split(" ")[0]);
    if (writers) writers.textContent = names.length ? `${names.slice(0, 3).join(", ")} ${names[1] ? "are" : "is"} writing` : "";
  };

  // The browser remembers which panels are closed.
  const CLOSED = `folded:${watchbill.user}`, closed = () => load(CLOSED) || [];
  const fold = (within) => within.querySelectorAll("details.panel").forEach((el) => { el.open = !closed().includes(el.id); });
  on("toggle", ({ target }) => {
    if (!target.matches(".panel")) return;
    const others = closed().filter((id) => id !== target.id);
    save(CLOSED, target.open ? others : [...others, target.id]);
  }, true);
  fold(document);

  const get = async (path) => {
    const answer = await fetch(path, { headers: { "X-Live": "1" }, redirect: "error" });
    if (answer.status === 401) end(OUT);
    if (answer.status === 404) location.reload();
    return answer.ok && answer;
  };
  let asked = 0, busy = false, again = false;
  const draw = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await get(regions);
      if (answer) swap(await answer.text());
    } catch { /* the connection's own state says it */ } finally {
      busy = false;
      if (again) { again = false; soon(); }
    }
  };
  watchbill.draw = draw;
  const soon = () => { clearTimeout(asked); asked = setTimeout(draw, 120); };
  // Where somebody types, the new region waits.
  const waiting = new Map();
  const typing = (el) => [...el.querySelectorAll("textarea, input:not([type=hidden])")].some((box) => box === document.activeElement || box.value !== box.defaultValue);
  on("focusout", () => setTimeout(() => waiting.forEach((fresh, id) => put(byId(id), fresh))));
  const put = (old, fresh) => {
    if (!old) return;
    if (typing(old)) {
      if (!waiting.has(old.id)) old.prepend(make("p", "tiny muted", "1 change"));
      waiting.set(old.id, fresh);
      return;
    }
    waiting.delete(old.id);
    fold(fresh);
    for (const menu of old.querySelectorAll(".menu[id]")) fresh.querySelector(`#${CSS.escape(menu.id)}`)?.toggleAttribute("open", menu.open);
    if (old.innerHTML === fresh.innerHTML) return;
    const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceWith(fresh);
    fresh.classList.add("settling");
    setTimeout(() => fresh.classList.remove("settling"), 600);
    if (fresh.dataset.title) document.title = fresh.dataset.title;
    if (focus) (byId(focus) || byId("main-act"))?.focus();
    window.htmx?.process(fresh);
  };
  const swap = (html) => {
    for (const fresh of [...parsed(html).children]) put(byId(fresh.id), fresh);
    watchbill.tick?.();
  };

  const handle = (frame) => {
    heard = watchbill.now();
    if (frame.kind === "presence") { attend(frame); return true; }
    if (frame.seq <= last) return true;
    if (frame.kind === "reload") { location.reload(); return true; }
    if (frame.seq > last + 1) return false;
    last = frame.seq;
    if (frame.kind === "skip") return true;
    if (frame.kind === "entry" || frame.kind === "revision") watchbill.log?.take(frame.html);
    else soon();
    return true;
  };
  const poll = async () => {
    try {
      if (!feed) { await draw(); heard = watchbill.now(); show(); return; }
      const answer = await get(`${feed}?since=${last}`);
      if (!answer) return;
      const { frames, more } = await answer.json();
      heard = watchbill.now();
      frames.forEach(handle);
      show();
      if (more) poll();
    } catch { /* tried again in ten seconds */ }
  };
  on("watchbill:sent", () => { stop(); if (!isOpen()) poll(); });

  const connect = () => {
    if (over) return;
    const address = new URL(live, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("since", last);
    socket = new WebSocket(address);
    socket.onopen = () => { opened = true; clearInterval(polling); tries = lost = polling = 0; heard = watchbill.now(); show(); beat(); };
    socket.onmessage = (ev) => { if (!handle(JSON.parse(ev.data))) socket.close(); };
    socket.onclose = (ev) => {
      if (ev.code === 4401 || ev.code === 4403) { end(ev.code === 4401 ? OUT : "No longer shared with you."); return; }
      lost = lost || Date.now();
      const wait = DELAYS[Math.min(tries, DELAYS.length - 1)] * 1000 * (0.7 + 0.6 * Math.random());
      tries += 1;
      if (!opened && tries >= 3 && !polling) { polling = setInterval(poll, 10000); poll(); }
      setTimeout(connect, wait);
      show();
    };
  };
  addEventListener("online", show);
  addEventListener("offline", show);
  setInterval(show, 1000);
  // What no frame tells (time passing, other teams' incidents) comes every half minute.
  if (every) setInterval(() => { if (!document.hidden) draw(); }, every * 1000);
  connect();
})();
