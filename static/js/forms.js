// Forms: nothing typed is lost, nothing is sent twice, and a verb's form opens in a dialog where it can.
(() => {
  const { user } = window.watchbill;
  const store = (() => { try { return window.localStorage; } catch { return null; } })();
  const prefix = `draft:${user}:`;
  const path = (el) => new URL(el.form?.getAttribute("action") || location.pathname, location.href).pathname;
  const key = (el) => `${prefix}${path(el)}:${el.dataset.draft}`;

  // Drafts: kept per person, form and field until the server has taken them; forgotten at sign-out.
  const restore = (within) => {
    for (const el of within.querySelectorAll("[data-draft]")) {
      try { if (store && !el.value) el.value = store.getItem(key(el)) || ""; } catch { /* the field works without */ }
    }
  };
  const forget = (form) => {
    for (const el of form.querySelectorAll("[data-draft]")) { try { store?.removeItem(key(el)); } catch { /* no storage */ } }
  };
  restore(document);
  document.addEventListener("input", (ev) => {
    const el = ev.target;
    if (!el.dataset?.draft) return;
    try { if (el.value) store?.setItem(key(el), el.value); else store?.removeItem(key(el)); } catch { /* full or off */ }
  });
  document.addEventListener("submit", (ev) => {
    if (!ev.target.matches("[data-forget]")) return;
    try { for (const name of Object.keys(store || {})) if (name.startsWith(prefix)) store.removeItem(name); } catch { /* off */ }
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

  document.addEventListener("htmx:afterRequest", (ev) => {
    const form = ev.target.closest?.("form");
    if (!form) return;
    free(form);
    if (!ev.detail.successful) return;
    forget(form);
    if (form.matches("[data-clear]")) { form.reset(); form.dispatchEvent(new Event("watchbill:sent", { bubbles: true })); grow(form); }
  });
  const said = (text) => {
    const box = document.getElementById("messages");
    const notice = document.createElement("div");
    notice.className = "notice notice-red";
    notice.setAttribute("role", "alert");
    notice.textContent = text;
    box?.replaceChildren(notice);
  };
  document.addEventListener("htmx:sendError", (ev) => {
    const form = ev.target.closest?.("form");
    if (form) free(form);
    said("Not sent: the portal does not answer. Your text is kept; try again.");
  });
  document.addEventListener("htmx:responseError", (ev) => {
    if (ev.detail.xhr.status === 401) said("You have been signed out. Sign in again in another tab, then send this once more: your text is kept.");
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
