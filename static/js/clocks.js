// Clocks count from the server's time, so a wrong laptop clock cannot show a wrong duration.
(() => {
  const pad = (n) => String(n).padStart(2, "0");
  const words = (ms) => {
    const s = Math.floor(Math.abs(ms) / 1000), d = Math.floor(s / 86400), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    if (d >= 1) return h % 24 ? `${d} d ${h % 24} h` : `${d} d`;
    return h ? `${h}:${pad(m)}:${pad(s % 60)}` : `${m}:${pad(s % 60)}`;
  };
  const tick = () => {
    const now = window.watchbill.now();
    for (const el of document.querySelectorAll("[data-since]")) el.textContent = words(now - Date.parse(el.dataset.since));
    for (const el of document.querySelectorAll("[data-until]")) {
      const ms = Date.parse(el.dataset.until) - now, box = el.closest(".countdown") || el;
      el.textContent = ms >= 0 ? `${el.dataset.in || ""}${words(ms)}` : el.dataset.over || `over by ${words(ms)}`;
      box.classList.toggle("soon", ms >= 0 && ms < 120000);
      box.classList.toggle("over", ms < 0);
    }
    for (const el of document.querySelectorAll("[data-meter]")) {
      const from = Date.parse(el.dataset.meter), to = Date.parse(el.dataset.to);
      el.style.width = `${Math.max(0, Math.min(100, (100 * (to - now)) / (to - from || 1)))}%`;
      el.parentElement.classList.toggle("soon", to - now < 120000);
    }
  };
  setInterval(tick, 1000);
  tick();
  window.watchbill.tick = tick;
})();
