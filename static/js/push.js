// This browser's worker, and whether pages may be pushed to it.
(async () => {
  const find = (query) => document.querySelector(query), worker = navigator.serviceWorker, box = find("[data-push]"), queued = find("[data-queued]");
  if (!worker) return;
  worker.register("/sw.js");
  worker.onmessage = () => queued && location.replace(location.pathname.replace(/now\/.*/, "now/"));
  const { active, pushManager: push } = await worker.ready, flush = () => (worker.controller || active).postMessage(0);
  addEventListener("online", flush);
  flush();
  if (queued) setInterval(flush, 3e3);
  if (!box || !push) return;
  const show = (state) => { for (const el of box.children) el.hidden = el.dataset.when !== state; };
  const made = await push.getSubscription(), listed = made && find(`[data-endpoint="${CSS.escape(made.endpoint)}"]`);
  show(Notification.permission === "denied" ? "denied" : listed ? "on" : "off");
  if (location.hash === "#removed" && !listed) made?.unsubscribe();
  box.onsubmit = async (ev) => {
    ev.preventDefault();
    const form = ev.target;
    try {
      if (await Notification.requestPermission() !== "granted") return show("denied");
      const { public_key } = await (await fetch("/api/v1/providers/webpush/")).json();
      await made?.unsubscribe();
      form.subscription.value = JSON.stringify(await push.subscribe({ userVisibleOnly: true, applicationServerKey: public_key }));
      form.former.value = made?.endpoint || "";
      for (const name of await caches.keys()) if (name[0] === "o") await caches.delete(name);
      await caches.open(`o${find("[data-user]").dataset.user}`); // whose pages come here
      form.submit();
    } catch { show("failed"); }
  };
})();
