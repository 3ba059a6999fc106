// Forms: nothing typed is lost, nothing is sent twice, and a verb's form opens in a dialog.
(() => {
  const { user } = window.watchbill;
  const store = (() => { try { return localStorage; } catch { return null; } })();
  const path = (el) => new URL(el.form?.getAttribute("action") || location.pathname, location.href).pathname;
  const key = (el) => `draft:${user}:${path(el)}:${el.dataset.draft}`;

  // Drafts: kept per person, form and field until the server has taken them; forgotten at sign-out.
  // Over another text than the one that it was written over (`base`) a draft is offered, until it is used or discarded.
  const load = (name) => { try { return JSON.parse(store?.getItem(name)); } catch { return null; } };
  const save = (name, value) => { try { if (value) store.setItem(name, JSON.stringify(value)); else store.removeItem(name); } catch { /* full or off */ } };
  const make = (tag, name, text = "", onclick = null) => Object.assign(document.createElement(tag), { className: name, textContent: text, onclick });
  const set = (el, values) => { for (const name in values) el.setAttribute(name, values[name]); return el; };
  const parsed = (html) => Object.assign(document.createElement("template"), { innerHTML: html }).content;
  const on = (name, act, early) => document.addEventListener(name, act, early);
  const byId = (id) => document.getElementById(id);
  Object.assign(window.watchbill, { load, save, make, set, parsed, on, byId });
  const offered = new WeakMap();
  const write = (el) => {
    const former = load(key(el));
    const kept = offered.get(el) || [];
    const base = former && former.text === el.defaultValue ? former.base : el.defaultValue;
    const same = el.value === el.defaultValue && el.value === base && !kept.length;
    save(key(el), same ? null : { text: el.value, base, at: Date.now(), kept });
  };
  const drop = (name) => {
    const kept = load(name)?.kept;
    save(name, kept?.length ? { text: "", base: "", kept } : null);
  };
  const of = (at) => {
    const then = new Date(at), day = then.toDateString() === new Date().toDateString() ? {} : { day: "numeric", month: "short" };
    return at ? ` of ${then.toLocaleString("en-GB", { ...day, hour: "2-digit", minute: "2-digit" })}` : "";
  };
  const offer = (el, draft) => {
    const title = `Your unsent text${of(draft.at)}`;
    const notice = set(make("div", "notice notice-amber"), { role: "group", "aria-label": title });
    const end = () => {
      offered.set(el, offered.get(el).filter((one) => one !== draft));
      notice.remove();
      el.focus();
    };
    const use = () => {
      const typed = el.value;
      end();
      el.value = draft.text;
      if (typed !== el.defaultValue) keep(el, { text: typed, at: Date.now() });
      el.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const text = make("div", "prewrap clip", draft.text);
    text.tabIndex = 0;  // a long one is scrolled by the keyboard
    const line = make("div", "grow"), buttons = make("div", "row");
    const button = (name, onclick) => set(make("button", "btn btn-sm", name, onclick), { type: "button" });
    buttons.append(button("Use it", use), button("Discard", () => { end(); write(el); }));
    line.append(make("b", "", title), text, buttons);
    notice.append(line);
    el.before(notice);
  };
  const keep = (el, draft) => {
    offered.set(el, [...(offered.get(el) || []), draft]);
    offer(el, draft);
  };
  const restore = (within) => {
    for (const el of within.querySelectorAll("[data-draft]")) {
      const draft = load(key(el));
      if (!draft || offered.has(el)) continue;
      const kept = draft.kept || [];
      if (draft.base === el.defaultValue) { if (el.value === el.defaultValue) el.value = draft.text; }
      else if (draft.text !== draft.base && draft.text !== el.value) kept.push({ text: draft.text, at: draft.at });
      for (const one of kept) keep(el, one);
      if (kept.length) write(el);
    }
  };
  const fields = (form) => form.querySelectorAll("[data-draft]");
  const forget = (form) => { for (const el of fields(form)) drop(key(el)); };
  restore(document);
  on("input", (ev) => { if (ev.target.dataset?.draft) write(ev.target); });
  on("submit", (ev) => {
    if (!ev.target.matches("[data-forget]")) return;
    const mine = `draft:${ev.target.dataset.forget || user}:`;
    for (const name in store) if (name.startsWith(mine)) save(name);
  });

  // A form that the browser sends itself is confirmed by being led straight from its page to another one.
  const MARK = "draft-sent";
  try {
    const mark = JSON.parse(sessionStorage.getItem(MARK));
    sessionStorage.removeItem(MARK);
    const led = performance.getEntriesByType("navigation")[0]?.redirectCount > 0 && document.referrer === mark?.from;
    if (mark && led && mark.to !== location.pathname) mark.keys.forEach(drop);
  } catch { /* the draft stays */ }
  addEventListener("submit", (ev) => {
    const form = ev.target;
    if (ev.defaultPrevented || form.method !== "post" || !fields(form).length) return;
    const mark = { from: location.href.split("#")[0], to: path(fields(form)[0]), keys: [...fields(form)].map(key) };
    try { sessionStorage.setItem(MARK, JSON.stringify(mark)); } catch { /* the draft stays */ }
  });

  // Busy: a second press does nothing.
  const free = (form) => {
    delete form.dataset.sending;
    form.querySelectorAll("[aria-busy]").forEach((el) => el.removeAttribute("aria-busy"));
  };
  on("submit", (ev) => {
    const form = ev.target;
    if (form.method !== "post" || ev.defaultPrevented) return;
    if (form.dataset.sending) { ev.preventDefault(); ev.stopImmediatePropagation(); return; }
    form.dataset.sending = "1";
    ev.submitter?.setAttribute("aria-busy", "true");
  }, true);
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(free));

  // htmx calls all that it may swap in a success, so the status alone says what the server has taken.
  const taken = (xhr) => xhr.status >= 200 && xhr.status < 300;
  const sent = new WeakMap();
  on("htmx:beforeRequest", (ev) => {
    if (ev.target.matches("form")) sent.set(ev.target, new Map([...fields(ev.target)].map((el) => [el, el.value])));
  });
  // What was typed while the form was under way stays in the box.
  const typedSince = (el, text) => (text && el.value.startsWith(text) ? el.value.slice(text.length).trimStart() : el.value);
  const empty = (form) => {
    const rests = [...fields(form)].map((el) => [el, typedSince(el, sent.get(form)?.get(el))]);
    form.reset();
    for (const [el, rest] of rests) { el.value = rest; write(el); }
    form.dispatchEvent(new Event("watchbill:sent", { bubbles: true }));
    grow(form);
  };
  on("htmx:afterRequest", (ev) => {
    const form = ev.target.closest?.("form");
    if (!form) return;
    free(form);
    if (!taken(ev.detail.xhr)) return;
    quiet();
    forget(form);
    if (form.matches("[data-clear]")) empty(form);
  });

  // What went wrong stands where the person looks.
  const quiet = () => document.querySelectorAll(".notice[data-said]").forEach((el) => el.remove());
  const place = (notice, form) => {
    quiet();
    notice.dataset.said = "";
    const near = document.querySelector("#sheet[open] .dialog-body") || (form?.matches(".composer") && form);
    if (near) near.prepend(notice); else byId("messages")?.replaceChildren(notice);
    notice.scrollIntoView({ block: "nearest" });
  };
  const said = (form, text, link) => {
    const notice = set(make("div", "notice notice-red"), { role: "alert" }), line = make("span", "grow");
    line.append(text, ...(link ? [" ", link] : []));
    notice.append(line);
    place(notice, form);
  };
  const KEPT = "Your text is kept; try again.";
  on("htmx:sendError", (ev) => {
    if (!ev.target.matches?.("[data-late]")) said(ev.target.closest?.("form"), `Not sent: the portal does not answer. ${KEPT}`);
  });
  on("htmx:responseError", (ev) => {
    if (ev.detail.xhr.status !== 401) return;
    const link = set(make("a", "", "Sign in"), { href: `/accounts/login/?next=${encodeURIComponent(location.pathname)}` });
    if (!store) link.target = "_blank";  // without a draft the text lives in this page alone
    said(ev.target.closest?.("form"), "You have been signed out. Sign in and send it again: your text is kept.", link);
  });
  // Only a refused form itself may take its place.
  on("htmx:beforeSwap", (ev) => {
    const { xhr, requestConfig } = ev.detail;
    const form = requestConfig.elt;
    const to = xhr.getResponseHeader("HX-Retarget") || "";
    if (xhr.status < 400 || xhr.status === 401 || !form.matches("form") || (to && to !== "#messages")) return;
    ev.detail.shouldSwap = false;
    const notice = parsed(to && xhr.responseText).querySelector(".notice");
    if (notice) place(notice, form); else said(form, `Not sent: the portal answered ${xhr.status}. ${KEPT}`);
  });

  // The composer grows to six lines.
  const grow = (within) => {
    for (const el of within.querySelectorAll("[data-grow]")) { el.style.height = "auto"; el.style.height = `${Math.min(el.scrollHeight + 2, 150)}px`; }
  };
  on("input", (ev) => { if (ev.target.matches?.("[data-grow]")) grow(ev.target.parentElement); });
  grow(document);

  // Dialog: links with hx-target="#sheet" fill it; without scripts they lead to a page of their own.
  const sheet = byId("sheet");
  if (!sheet) return;
  let opener = null;
  const typed = () => [...sheet.querySelectorAll("textarea, input:not([type=hidden])")].some((el) => el.value !== el.defaultValue);
  const shut = () => { sheet.close(); sheet.replaceChildren(); opener?.focus(); };
  on("htmx:beforeRequest", (ev) => { if (ev.target.getAttribute("hx-target") === "#sheet") opener = ev.target; });
  on("htmx:afterSwap", (ev) => {
    if (ev.detail.target !== sheet || !sheet.firstElementChild) return;
    if (!sheet.open) sheet.showModal();
    restore(sheet);
    (sheet.querySelector("[aria-invalid=true]") || sheet.querySelector("textarea, select, input:not([type=hidden]), button[type=submit]"))?.focus();
  });
  sheet.addEventListener("cancel", (ev) => {
    const ask = sheet.querySelector("[data-discard]");
    if (!typed() || !ask || !ask.hidden) return;
    ev.preventDefault();
    ask.hidden = false;
    ask.querySelector("button")?.focus();
  });
  sheet.addEventListener("close", () => { if (sheet.firstElementChild) shut(); });
  sheet.addEventListener("click", (ev) => {
    if (ev.target.closest("[data-keep]")) sheet.querySelector("[data-discard]").hidden = true;
    else if (ev.target.closest("[data-close]")) { ev.preventDefault(); const form = sheet.querySelector("form"); if (ev.target.closest("[data-drop]") && form) forget(form); shut(); }
  });
})();
