// The live record: entries go in by the time at which they happened, once each; the reader is never moved.
(() => {
  const { watchbill } = window, { load, save, make, parsed, on, byId } = watchbill;
  const log = byId("log"), list = () => byId("entries");
  if (!log) return;
  const at = (el) => Number(el.dataset.at);
  const after = (a, b) => at(a) - at(b) || a.dataset.id - b.dataset.id;
  const fits = (el, show) => (show === "all" ? !fits(el, "chat") : el.dataset.moment.split(" ").includes(show));
  const written = (ms, words) => new Intl.DateTimeFormat("en-GB", { timeZone: watchbill.zone, ...words }).format(ms);
  const dayOf = (ms) => written(ms, { dateStyle: "short" });
  const day = (el) => dayOf(at(el) / 1000);

  const scrolls = () => log.scrollHeight > log.clientHeight + 1 && getComputedStyle(log).overflowY !== "visible";
  const atEnd = () => (scrolls() ? log.scrollHeight - log.scrollTop - log.clientHeight : list().getBoundingClientRect().bottom - innerHeight) < 160;
  const toEnd = () => { if (scrolls()) log.scrollTop = log.scrollHeight; else list().lastElementChild?.scrollIntoView({ block: "center" }); };

  const pill = byId("new-entries");
  let unread = 0;
  const see = (number) => { unread = number; pill.hidden = !number; pill.textContent = number === 1 ? "1 new entry" : `${number} new entries`; };
  pill.onclick = () => { see(0); toEnd(); };
  if (log.dataset.stick) [log, window].forEach((el) => el.addEventListener("scroll", () => { if (unread && atEnd()) see(0); }, { passive: true }));

  // Read out: all (many at once as one sentence), key moments or nothing.
  const news = byId("log-news"), mode = document.documentElement.dataset.announce || "all";
  const aloud = (how) => log.setAttribute("aria-live", how);
  if (mode !== "all") aloud("off");
  let burst = [], quiet = 0;
  const announce = (el) => {
    if (mode === "key" && fits(el, "key")) news.textContent = el.querySelector(".tl-b").textContent;
    if (mode !== "all") return;
    const now = Date.now();
    burst = burst.filter((t) => now - t < 10000).concat(now);
    if (burst.length <= 3) return;
    aloud("off");
    clearTimeout(quiet);
    quiet = setTimeout(() => { news.textContent = `${burst.length} new entries`; aloud("polite"); burst = []; }, 2000);
  };

  const separator = (el) => {
    const li = make("li", "tl-day"), today = day(el) === dayOf(watchbill.now());
    li.append(make("span", "", today ? "Today" : written(at(el) / 1000, { weekday: "short", day: "numeric", month: "short" })));
    return li;
  };
  const place = (el) => {
    const known = [...list().querySelectorAll("[data-id]")];
    const previous = known.findLast((one) => after(one, el) < 0), next = known[known.indexOf(previous) + 1];
    if (previous && day(previous) === day(el)) previous.after(el);
    else if (next && day(next) === day(el)) next.before(el);
    else if (previous) previous.after(separator(el), el);
    else list().prepend(separator(el), el);
  };
  const count = (el, by) => {
    for (const box of document.querySelectorAll("[data-count]")) if (fits(el, box.dataset.count)) box.textContent = Number(box.textContent) + by;
  };

  // True when the entry is new on this page, false when it replaced its former self.
  let meanwhile = null;
  const take = (html) => {
    meanwhile?.push(html);
    const el = parsed(html).querySelector(".tl-e");
    if (!el) return false;
    const former = byId(el.id), sent = byId(`sent-${el.dataset.mark}`);
    for (const time of el.querySelectorAll(":scope > time, .wrote > time")) time.textContent = written(Date.parse(time.dateTime), { hour: "2-digit", minute: "2-digit" });
    const following = !former && (sent || atEnd());
    sent?.remove();
    if (former) count(former, -1);
    count(el, 1);
    if (former && at(former) === at(el)) former.replaceWith(el);
    else { former?.remove(); place(el); }
    if (former) return false;
    el.classList.add("tl-new");
    if (!fits(el, list().dataset.show)) return true;
    announce(el);
    if (following) toEnd(); else see(unread + 1);
    return true;
  };

  // Filters and the zone are links whose record htmx puts in; what comes meanwhile is put in again.
  on("htmx:beforeRequest", (ev) => { if (ev.target.closest("[hx-boost]")) meanwhile = []; });
  on("htmx:afterSwap", (ev) => {
    if (ev.detail.target.id !== "entries") return;
    const late = meanwhile || [], { zone, show } = list().dataset, kind = byId("note-kind");
    if (kind && (show === "chat") !== (kind.value === "chat")) kind.value = show === "chat" ? "chat" : "note";
    if (zone !== watchbill.zone) watchbill.draw?.();
    watchbill.zone = zone;
    meanwhile = null;
    see(0);
    late.forEach(take);
    toEnd();
  });
  on("click", (ev) => {
    const link = ev.target.closest("[data-copy-link]");
    if (!link || !navigator.clipboard) return;
    ev.preventDefault();
    navigator.clipboard.writeText(link.href);
    news.textContent = link.title = "Link copied";
  });

  // Whoever comes late is told once what has happened.
  const card = byId("catch-up"), key = `seen:${watchbill.user}`, seen = load(key) || [], [, , number] = location.pathname.split("/");
  if (card) { card.hidden = seen.includes(number); card.open = true; }
  if (!seen.includes(number)) save(key, [...seen, number].slice(-200));

  watchbill.zone = list().dataset.zone;
  const { hash } = location;
  if (/^#entry-\d+$/.test(hash) && !byId(hash.slice(1))) location.replace(`entries/${hash.slice(7)}/`);
  else if (log.dataset.stick && !hash && scrolls()) toEnd();
  Object.assign(watchbill, { log: { take }, list, toEnd });
})();
