// Forms: nothing typed is lost, nothing is sent twice, and a verb's form opens in a dialog.
const path = (form) => new URL(form.getAttribute("action") || "", location).pathname;
const fields = (within) => all("[data-draft]", within);

// A draft is kept until the server has taken it, or until sign-out. Over another text than its `base` it is only
// offered, and stays in `kept` until that is decided.
const key = (el) => `draft:${user}:${path(el.form)}:${el.dataset.draft}`;
const drafts = (start) => Object.keys(store || {}).filter((name) => name.startsWith(`draft:${start}:`));
const write = (el) => {
  const former = load(key(el)), { value: text, defaultValue: given, kept = [] } = el;
  const base = former?.text === given ? former.base : given;
  save(key(el), (text !== given || base !== given || kept[0]) && { text, base, at: now(), kept });
};
const drop = (name) => {
  const kept = load(name)?.kept;
  save(name, kept?.[0] && { text: "", base: "", kept });
};
const forget = (form) => fields(form).forEach((el) => drop(key(el)));
const offer = (el, draft) => {
  const title = `Your unsent text of ${written(draft.at, { dateStyle: "medium", timeStyle: "short" })}`;
  const end = () => { el.kept = el.kept.filter((each) => each !== draft); notice.remove(); el.focus(); };
  const use = () => {
    const { value: text, defaultValue } = el;
    end();
    el.value = draft.text;
    if (text !== defaultValue) offer(el, { text, at: now() });
    fire(el, "input");
  };
  const choice = make("div", "row", button("Use it", use), button("Discard", () => { end(); write(el); }));
  const text = make("div", { className: "prewrap clip", tabIndex: 0 }, draft.text);
  const about = { className: "notice notice-amber", role: "group", ariaLabel: title };
  const notice = make("div", about, make("div", "grow", make("b", "", title), text, choice));
  el.before(notice);
  el.kept = [...(el.kept || []), draft];
};
const restore = (within) => fields(within).forEach((el) => {
  const { text, base, at, kept } = load(key(el)) || {}, { value, defaultValue: given } = el;
  if (!kept || el.kept) return;
  if (base !== given && text !== base && text !== value) kept.push({ text, at });
  if (base === given && value === given) el.value = text;
  kept.forEach((draft) => offer(el, draft));
  if (kept[0]) write(el);
});

// What the browser sends itself is taken when it leads straight to another page.
const mark = (form) => {
  const to = path(form), [from] = location.href.split("#"), texts = [...new FormData(form).values()];
  const names = drafts(`${user}:${to}`).filter((name) => texts.includes(load(name)?.text));
  try { sessionStorage.sent = JSON.stringify({ from, to, names }); } catch { /* the draft stays */ }
};
try {
  const { from, to, names } = JSON.parse(sessionStorage.sent), [{ redirectCount }] = performance.getEntriesByType("navigation");
  delete sessionStorage.sent;
  if (redirectCount && document.referrer === from && to !== location.pathname) names.forEach(drop);
} catch { /* none */ }
restore();

// Busy: a second press does nothing.
const free = (form) => {
  delete form.sending;
  all("[aria-busy]", form).forEach((el) => { el.ariaBusy = null; });
};
on("submit", (ev) => {
  const { target: form, submitter } = ev;
  if (form.method !== "post" || ev.defaultPrevented) return;
  if (form.sending) { ev.preventDefault(); return ev.stopImmediatePropagation(); }
  form.sending = true;
  if (submitter) submitter.ariaBusy = true;
}, true);
onsubmit = ({ target: form, defaultPrevented }) => {
  const { forget: who } = form.dataset;
  if (who != null) [...drafts(who || user), `recent:${who || user}`].forEach((name) => save(name));
  else if (!defaultPrevented && form.method === "post") mark(form);
};
onpageshow = () => all("form").forEach(free);

// What was typed meanwhile stays in the box.
const empty = (form) => {
  const rests = fields(form).map(({ value, sent }) => (sent && value.startsWith(sent) ? value.slice(sent.length).trimStart() : value));
  form.reset();
  fields(form).forEach((el, i) => { el.value = rests[i]; write(el); });
  fire(form, "watchbill:sent");
  grow();
};
on("htmx:beforeRequest", ({ target }) => { if (target.matches("form")) fields(target).forEach((el) => { el.sent = el.value; }); });
on("htmx:afterRequest", ({ target, detail }) => {
  const form = target.closest?.("form");
  if (!form) return;
  free(form);
  // To htmx all that it may swap is a success.
  if (!/^2/.test(detail.xhr.status)) return;
  quiet();
  forget(form);
  if (form.matches("[data-clear]")) empty(form);
});

// What went wrong stands where the person looks.
let said;
const quiet = () => said?.remove();
const place = (notice, form) => {
  quiet();
  said = notice;
  const near = one("#sheet[open] .dialog-body") || form?.closest(".composer");
  if (near) near.prepend(notice); else one("#messages").replaceChildren(notice);
  notice.scrollIntoView({ block: "nearest" });
};
const say = ({ target }, ...inside) =>
  place(make("div", { className: "notice notice-red", role: "alert" }, make("span", "grow", ...inside)), target.closest?.("form"));
const unsent = (ev, why) => say(ev, `Not sent: the portal ${why}. Your text is kept; try again.`);
on("htmx:sendError", (ev) => { if (!ev.target.matches?.("[data-late]")) unsent(ev, "does not answer"); });
on("htmx:responseError", (ev) => {
  if (ev.detail.xhr.status !== 401) return;
  const form = ev.target, target = store ? "" : "_blank";  // without drafts the text lives here alone
  // The server keeps a form that the browser sends, without files.
  const waits = form.matches?.("form[action]") && ![...form].some((el) => el.files?.[0]);
  say(ev, "You have been signed out. Your text is kept. ", waits
    ? button("Sign in and send it", () => { mark(form); form.submit(); })
    : make("a", { href: `/accounts/login/?next=${location.pathname}`, target }, "Sign in"));
});
// Only a refused form may take its own place.
on("htmx:beforeSwap", ({ detail }) => {
  const { xhr, requestConfig: { elt: target } } = detail, to = xhr.getResponseHeader("HX-Retarget") || "";
  if (xhr.status < 400 || xhr.status === 401 || !target.matches("form") || (to && to !== "#messages")) return;
  detail.shouldSwap = false;
  const notice = one(".notice", parsed(to && xhr.responseText));
  if (notice) place(notice, target); else unsent({ target }, `answered ${xhr.status}`);
});

// The composer grows to six lines.
const grow = () => all("[data-grow]").forEach((el) => {
  el.style.height = "auto";
  el.style.height = `${Math.min(el.scrollHeight + 2, 150)}px`;
});
on("input", ({ target }) => {
  if (target.dataset.draft) write(target);
  grow();
});
grow();

// The dialog, which links fill.
const sheet = one("#sheet") || {};
on("htmx:afterSwap", ({ detail }) => {
  if (detail.target !== sheet || !sheet.firstElementChild) return;
  if (!sheet.open) sheet.showModal();
  restore(sheet);
  (one("[aria-invalid=true]", sheet) || one("textarea, select, input:not([type=hidden]), button[type=submit]", sheet))?.focus();
});
sheet.oncancel = (ev) => {
  const ask = one("[data-discard]", sheet);
  if (!ask?.hidden || !typed(sheet)) return;
  ev.preventDefault();
  ask.hidden = false;
  one("button", ask).focus();
};
sheet.onclose = () => sheet.replaceChildren();
sheet.onclick = (ev) => {
  const within = (query) => ev.target.closest(query);
  if (within("[data-keep]")) one("[data-discard]", sheet).hidden = true;
  if (within("[data-drop]")) forget(one("form", sheet));
  if (within("[data-close]")) { ev.preventDefault(); sheet.close(); }
};
