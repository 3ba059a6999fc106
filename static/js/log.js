// The live record: entries stand by when they happened, once each; the reader is never moved.
const log = one("#log"), list = () => one("#entries");
const at = (el) => el.dataset.at / 1000;
const fits = (el, show) => (show === "all" ? !fits(el, "chat") : el.dataset.moment.split(" ").includes(show));
const dayOf = (ms) => written(ms, { dateStyle: "short" }), day = (el) => dayOf(at(el));

const scrolls = () => log.scrollHeight > log.clientHeight + 1 && getComputedStyle(log).overflowY !== "visible";
const atEnd = () => (scrolls() ? log.scrollHeight - log.scrollTop - log.clientHeight : list().getBoundingClientRect().bottom - innerHeight) < 160;
const toEnd = () => { if (scrolls()) log.scrollTop = log.scrollHeight; else list().lastElementChild?.scrollIntoView({ block: "center" }); };

const pill = one("#new-entries"), { stick } = log.dataset;
let unread = 0;
const see = (number) => { unread = number; set(pill, { hidden: !number, textContent: `${number} new entr${number === 1 ? "y" : "ies"}` }); };
pill.onclick = () => { see(0); toEnd(); };
if (stick) addEventListener("scroll", () => { if (unread && atEnd()) see(0); }, true);

// Read out: all (many as one sentence), key moments or nothing.
const news = one("#log-news"), mode = root.announce;
let burst = [], quiet;
const announce = (el) => {
  if (mode === "key" && fits(el, "key")) news.textContent = one(".tl-b", el).textContent;
  if (mode !== "all") return;
  burst = [...burst.filter((time) => now() - time < 10000), now()];
  if (!burst[3]) return;
  log.ariaLive = "off";
  clearTimeout(quiet);
  quiet = setTimeout(() => { news.textContent = `${burst.length} new entries`; log.ariaLive = "polite"; burst = []; }, 2000);
};

const separator = (el) => make("li", "tl-day", make("span", "", day(el) === dayOf(now()) ? "Today" : written(at(el), { weekday: "short", day: "numeric", month: "short" })));
const place = (el) => {
  const known = all("[data-id]", list()), previous = known.findLast((each) => (at(each) - at(el) || each.dataset.id - el.dataset.id) < 0), next = known[known.indexOf(previous) + 1];
  if (previous && day(previous) === day(el)) previous.after(el);
  else if (next && day(next) === day(el)) next.before(el);
  else if (previous) previous.after(separator(el), el);
  else list().prepend(separator(el), el);
};
const count = (el, by) => all("[data-count]").forEach((box) => { if (fits(el, box.dataset.count)) box.textContent = +box.textContent + by; });

let meanwhile;
const take = (html) => {
  meanwhile?.push(html);
  const el = one(".tl-e", parsed(html));
  if (!el) return;
  const former = one(`#${el.id}`), sent = one(`#sent-${CSS.escape(el.dataset.mark)}`), following = sent || atEnd();
  for (const time of all(":scope > time, .wrote > time", el)) time.textContent = written(time.dateTime, { timeStyle: "short" });
  sent?.remove();
  count(el, 1);
  if (former) count(former, -1);
  if (former && at(former) === at(el)) former.replaceWith(el);
  else { former?.remove(); place(el); }
  if (former) return;
  el.classList.add("tl-new");
  if (!fits(el, list().dataset.show)) return;
  announce(el);
  if (following) toEnd(); else see(unread + 1);
};

// Filters and the zone are links; what comes while htmx follows one is put in again.
on("htmx:beforeRequest", ({ target }) => { if (target.closest("[hx-boost]")) meanwhile = []; });
on("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id !== "entries") return;
  const late = meanwhile, { zone: chosen, show } = list().dataset, kind = one("#note-kind") || [], { value } = kind, word = show === "chat" ? show : "note";
  for (const each of kind) each.defaultSelected = each.value === word;
  kind.value = [word, value].includes("chat") ? word : value;
  if (chosen !== zone) watchbill.draw?.();
  zone = chosen;
  meanwhile = null;
  see(0);
  late?.forEach(take);
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
const card = one("#catch-up"), key = `seen:${user}`, seen = load(key) || [], { hash, pathname } = location, number = pathname.split("/")[2];
if (card) set(card, { hidden: seen.includes(number), open: true });
if (!seen.includes(number)) save(key, [...seen, number].slice(-200));

({ zone } = list().dataset);
if (/^#entry-\d+$/.test(hash) && !one(hash)) location.replace(`entries/${hash.slice(7)}/`);
else if (stick && !hash && scrolls()) toEnd();
set(watchbill, { take, list, toEnd });
