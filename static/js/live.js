// The live connection: frames with gapless numbers; after a break it asks for what it has missed.
(() => {
  const page = document.querySelector("[data-live]");
  if (!page) return;
  const watchbill = window.watchbill;
  const label = document.querySelector("[data-live-state]");
  const DELAYS = [1, 2, 4, 8, 15];
  let last = Number(page.dataset.seq || 0), tries = 0, opened = false, lost = 0, socket = null, polling = 0, over = false, heard = watchbill.now();

  // --- what the reader is told -------------------------------------------------------------------
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: watchbill.zone });
  const say = (state, text) => {
    label.hidden = false;
    if (label.dataset.state !== state) label.dataset.state = state;
    const box = label.lastElementChild;
    if (box.textContent !== text) box.textContent = text;
  };
  const show = () => {
    if (over) return;
    if (socket?.readyState === WebSocket.OPEN) { say("live", "Live"); return; }
    const gone = (Date.now() - lost) / 1000;
    if (!navigator.onLine || (lost && gone > 60 && !polling)) say("offline", `Offline, showing ${clock.format(heard)}. Your text is kept.`);
    else if (polling) say("live", "Updating every 10 s");
    else if (lost && gone > 2) say("reconnecting", `Reconnecting, last news ${Math.round((watchbill.now() - heard) / 1000)} s ago`);
  };
  const end = (text) => { over = true; clearInterval(polling); say("offline", text); };

  // --- regions that are drawn anew ---------------------------------------------------------------
  let asked = 0, busy = false, again = false;
  const draw = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(page.dataset.regions, { headers: { "X-Live": "1" }, redirect: "error" });
      if (answer.status === 401) { end("Signed out. Your text is kept."); return; }
      if (answer.status === 404) { location.reload(); return; }
      if (answer.ok) swap(await answer.text());
    } catch { /* the connection's own state says it */ } finally {
      busy = false;
      if (again) { again = false; soon(); }
    }
  };
  const soon = () => { clearTimeout(asked); asked = setTimeout(draw, 120); };
  const swap = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    for (const fresh of [...template.content.children]) {
      const old = fresh.id && document.getElementById(fresh.id);
      if (!old || old.innerHTML === fresh.innerHTML) continue;
      const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
      for (const menu of old.querySelectorAll("details[id][open]")) fresh.querySelector(`#${CSS.escape(menu.id)}`)?.setAttribute("open", "");
      const top = old.scrollTop;
      old.replaceWith(fresh);
      fresh.scrollTop = top;
      fresh.classList.add("settling");
      setTimeout(() => fresh.classList.remove("settling"), 600);
      if (fresh.dataset.title) document.title = fresh.dataset.title;
      if (focus) document.getElementById(focus)?.focus();
      window.htmx?.process(fresh);
    }
    watchbill.tick?.();
  };

  // --- frames ------------------------------------------------------------------------------------
  const handle = (frame) => {
    heard = watchbill.now();
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
      if (!page.dataset.feed) { await draw(); heard = watchbill.now(); show(); return; }
      const answer = await fetch(`${page.dataset.feed}?since=${last}`, { headers: { "X-Live": "1" }, redirect: "error" });
      if (answer.status === 401) { end("Signed out. Your text is kept."); return; }
      if (!answer.ok) return;
      const { frames, more } = await answer.json();
      heard = watchbill.now();
      frames.forEach(handle);
      show();
      if (more) poll();
    } catch { /* tried again in ten seconds */ }
  };
  document.addEventListener("watchbill:sent", () => { if (socket?.readyState !== WebSocket.OPEN) poll(); });

  // --- the socket --------------------------------------------------------------------------------
  const connect = () => {
    if (over) return;
    const address = new URL(page.dataset.live, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("since", String(last));
    socket = new WebSocket(address);
    socket.onopen = () => { opened = true; tries = 0; lost = 0; clearInterval(polling); polling = 0; heard = watchbill.now(); show(); };
    socket.onmessage = (ev) => { if (!handle(JSON.parse(ev.data))) socket.close(); };
    socket.onclose = (ev) => {
      if (ev.code === 4401) { end("Signed out. Your text is kept."); return; }
      if (ev.code === 4403) { end("No longer shared with you."); return; }
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
  if (page.dataset.every) setInterval(() => { if (!document.hidden) draw(); }, Number(page.dataset.every) * 1000);
  connect();
})();
