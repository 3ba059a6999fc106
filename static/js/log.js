// The live record: entries go in by the time at which they happened, once each; the reader is never moved.
(() => {
  const log = document.getElementById("log");
  const list = log?.querySelector("ol");
  if (!list) return;
  const { zone } = window.watchbill;
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
  const day = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone });
  const spelt = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: zone });
  const at = (el) => Number(el.dataset.at);
  const id = (el) => Number(el.dataset.id);
  const after = (a, b) => at(a) - at(b) || id(a) - id(b);
  const entries = () => list.getElementsByClassName("tl-e");
  const dayOf = (el) => day.format(at(el));

  const scroller = () => (log.scrollHeight > log.clientHeight + 1 && getComputedStyle(log).overflowY !== "visible" ? log : null);
  const atEnd = () => {
    const own = scroller();
    if (own) return own.scrollHeight - own.scrollTop - own.clientHeight < 160;
    return list.getBoundingClientRect().bottom - window.innerHeight < 160;
  };
  const toEnd = () => {
    const own = scroller();
    if (own) own.scrollTop = own.scrollHeight; else list.lastElementChild?.scrollIntoView({ block: "center" });
  };

  const pill = document.getElementById("new-entries");
  let unread = 0;
  const showPill = () => { pill.hidden = !unread; pill.textContent = unread === 1 ? "1 new entry" : `${unread} new entries`; };
  pill?.addEventListener("click", () => { unread = 0; showPill(); toEnd(); });
  (log.dataset.stick === "end" ? [log, window] : []).forEach((el) => el.addEventListener("scroll", () => { if (unread && atEnd()) { unread = 0; showPill(); } }, { passive: true }));

  // Many entries at once are announced as one sentence.
  const news = document.getElementById("log-news");
  let burst = [], quiet = 0;
  const announce = () => {
    const now = Date.now();
    burst = burst.filter((t) => now - t < 10000).concat(now);
    if (burst.length <= 3) return;
    log.setAttribute("aria-live", "off");
    clearTimeout(quiet);
    quiet = setTimeout(() => { if (news) news.textContent = `${burst.length} new entries`; log.setAttribute("aria-live", "polite"); burst = []; }, 2000);
  };

  const separator = (el) => {
    const li = document.createElement("li"), span = document.createElement("span");
    li.className = "tl-day";
    span.textContent = dayOf(el) === day.format(window.watchbill.now()) ? "Today" : spelt.format(at(el));
    li.append(span);
    return li;
  };
  const place = (el) => {
    const known = entries();
    let next = null, previous = null;
    for (let i = known.length - 1; i >= 0; i -= 1) {
      if (after(known[i], el) < 0) { previous = known[i]; break; }
      next = known[i];
    }
    if (previous && dayOf(previous) === dayOf(el)) previous.after(el);
    else if (next && dayOf(next) === dayOf(el)) next.before(el);
    else if (previous) previous.after(separator(el), el);
    else list.prepend(separator(el), el);
  };
  const count = (el) => {
    for (const chip of document.querySelectorAll("[data-count]")) {
      if (chip.dataset.count === "all" || chip.dataset.count === el.dataset.moment) chip.textContent = String(Number(chip.textContent) + 1);
    }
  };

  // True when the entry is new on this page, false when it replaced its former self.
  const take = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html.trim();
    const el = template.content.querySelector(".tl-e");
    if (!el) return false;
    el.querySelectorAll(":scope > time").forEach((t) => { t.textContent = clock.format(Date.parse(t.dateTime)); });
    const former = document.getElementById(el.id);
    const following = !former && atEnd();
    if (former && at(former) === at(el)) former.replaceWith(el);
    else { former?.remove(); place(el); }
    if (former) return false;
    el.classList.add("tl-new");
    count(el);
    announce();
    if (following) toEnd(); else { unread += 1; showPill(); }
    return true;
  };

  if (log.dataset.stick === "end" && !location.hash && scroller()) toEnd();
  window.watchbill.log = { take };
})();
