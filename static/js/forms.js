// Forms: nothing typed is lost, nothing is sent twice, and a verb's form opens in a dialog where it can.
(() => {
  const { user } = window.watchbill;
  const store = (() => { try { return window.localStorage; } catch { return null; } })();
  const path = (el) => new URL(el.form?.getAttribute("action") || location.pathname, location.href).pathname;
  const key = (el) => `draft:${user}:${path(el)}:${el.dataset.draft}`;

  // Drafts: kept per person, form and field until the server has taken them; forgotten at sign-out.
  // Beside the text stands what the box held before: a draft comes back only over the text that it was written over.
  // One that was written over something else is offered beside the box, and kept until it was used or discarded.
  const load = (name) => { try { return JSON.parse(store?.getItem(name)); } catch { return null; } };
  const save = (name, draft) => { try { store?.setItem(name, JSON.stringify(draft)); } catch { /* full or off */ } };
  const offered = new WeakMap();
  const write = (el) => {
    const former = load(key(el));
    const kept = offered.get(el) || [];
    const base = former && former.text === el.defaultValue ? former.base : el.defaultValue;
    if (el.value === el.defaultValue && el.value === base && !kept.length) { try { store?.removeItem(key(el)); } catch { /* off */ } }
    else save(key(el), { text: el.value, base, at: Date.now(), kept });
  };
  const drop = (name) => {
    const kept = load(name)?.kept;
    if (kept?.length) save(name, { text: "", base: "", kept }); else try { store?.removeItem(name); } catch { /* no storage */ }
  };
  const of = (at) => {
    if (!at) return "";
    const then = new Date(at);
    const day = then.toDateString() === new Date().toDateString() ? {} : { day: "numeric", month: "short" };
    return ` of ${then.toLocaleString("en-GB", { ...day, hour: "2-digit", minute: "2-digit" })}`;
  };
  const make = (tag, name, text, onclick = null) => Object.assign(document.createElement(tag), { className: name, textContent: text, onclick });
  const offer = (el, draft) => {
    const title = `Your unsent text${of(draft.at)}`;
    const notice = make("div", "notice notice-amber", "");
    notice.setAttribute("role", "group");
    notice.setAttribute("aria-label", title);
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
    const text = make("div", "", draft.text);
    Object.assign(text.style, { whiteSpace: "pre-wrap", overflowWrap: "anywhere", maxHeight: "12em", overflow: "auto" });
    text.tabIndex = 0;  // a long one is scrolled by the keyboard
    const line = make("div", "grow", "");
    const buttons = make("div", "row", "");
    const button = (name, onclick) => Object.assign(make("button", "btn btn-sm", name, onclick), { type: "button" });
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
  document.addEventListener("input", (ev) => { if (ev.target.dataset?.draft) write(ev.target); });
  document.addEventListener("submit", (ev) => {
    if (!ev.target.matches("[data-forget]")) return;
    const mine = `draft:${ev.target.dataset.forget || user}:`;
    try { for (const name of Object.keys(store || {})) if (name.startsWith(mine)) store.removeItem(name); } catch { /* off */ }
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

  // Busy: the button shows a ring, and a second press does nothing.
  const free = (form) => {
    delete form.dataset.sending;
    form.querySelectorAll("[aria-busy]").forEach((el) => el.removeAttribute("aria-busy"));
  };
  document.addEventListener("submit", (ev) => {
    const form = ev.target;
    if (form.method !== "post" || ev.defaultPrevented) return;
    if (form.dataset.sending) { ev.preventDefault(); ev.stopImmediatePropagation(); return; }
    form.dataset.sending = "1";
    ev.submitter?.setAttribute("aria-busy", "true");
  }, true);
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(free));

  // htmx calls every answer a success that it may swap in, so the status alone says what the server has taken.
  const taken = (xhr) => xhr.status >= 200 && xhr.status < 300;
  const sent = new WeakMap();
  document.addEventListener("htmx:beforeRequest", (ev) => {
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
  document.addEventListener("htmx:afterRequest", (ev) => {
    const form = ev.target.closest?.("form");
    if (!form) return;
    free(form);
    if (!taken(ev.detail.xhr)) return;
    quiet();
    forget(form);
    if (form.matches("[data-clear]")) empty(form);
  });

  // What went wrong stands where the person looks: in the open dialog, in the composer, else above the page.
  const quiet = () => document.querySelectorAll(".notice[data-said]").forEach((el) => el.remove());
  const place = (notice, form) => {
    quiet();
    notice.dataset.said = "";
    const near = document.querySelector("#sheet[open] .dialog-body") || (form?.matches(".composer") && form);
    if (near) near.prepend(notice); else document.getElementById("messages")?.replaceChildren(notice);
    notice.scrollIntoView({ block: "nearest" });
  };
  const said = (form, text, link) => {
    const notice = document.createElement("div");
    notice.className = "notice notice-red";
    notice.setAttribute("role", "alert");
    const line = document.createElement("span");
    line.className = "grow";
    line.append(text, ...(link ? [" ", link] : []));
    notice.append(line);
    place(notice, form);
  };
  const signIn = () => {
    const link = document.createElement("a");
    link.href = `/accounts/login/?next=${encodeURIComponent(location.pathname)}`;
    link.textContent = "Sign in";
    if (!store) link.target = "_blank";  // without a draft the text lives in this page alone
    return link;
  };
  const KEPT = "Your text is kept; try again.";
  document.addEventListener("htmx:sendError", (ev) => {
    const form = ev.target.closest?.("form");
    if (form) free(form);
    said(form, `Not sent: the portal does not answer. ${KEPT}`);
  });
  document.addEventListener("htmx:responseError", (ev) => {
    if (ev.detail.xhr.status !== 401) return;
    said(ev.target.closest?.("form"), "You have been signed out. Sign in and send it again: your text is kept.", signIn());
  });
  // A form that was refused comes back as itself; any other answer than that must not take its place.
  document.addEventListener("htmx:beforeSwap", (ev) => {
    const { xhr, requestConfig } = ev.detail;
    const form = requestConfig.elt;
    const to = xhr.getResponseHeader("HX-Retarget") || "";
    if (xhr.status < 400 || xhr.status === 401 || !form.matches("form") || (to && to !== "#messages")) return;
    ev.detail.shouldSwap = false;
    const template = document.createElement("template");
    template.innerHTML = to ? xhr.responseText : "";
    const notice = template.content.querySelector(".notice");
    if (notice) place(notice, form); else said(form, `Not sent: the portal answered ${xhr.status}. ${KEPT}`);
  });

  // The composer grows up to six lines.
  const grow = (within) => {
    for (const el of within.querySelectorAll("[data-grow]")) { el.style.height = "auto"; el.style.height = `${Math.min(el.scrollHeight + 2, 150)}px`; }
  };
  document.addEventListener("input", (ev) => { if (ev.target.matches?.("[data-grow]")) grow(ev.target.parentElement); });
  grow(document);

  // Dialog: links with hx-target="#sheet" fill it; without scripts they lead to a page of their own.
  const sheet = document.getElementById("sheet");
  if (!sheet) return;
  let opener = null;
  const typed = () => [...sheet.querySelectorAll("textarea, input:not([type=hidden])")].some((el) => el.value !== el.defaultValue);
  const shut = () => { sheet.close(); sheet.replaceChildren(); opener?.focus(); };
  document.addEventListener("htmx:beforeRequest", (ev) => { if (ev.target.getAttribute("hx-target") === "#sheet") opener = ev.target; });
  document.addEventListener("htmx:afterSwap", (ev) => {
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
