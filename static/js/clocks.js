// Clocks count from the server's time: that of a laptop may be wrong.
const pad = (n) => String(n).padStart(2, "0");
const words = (ms) => {
  const s = Math.floor(Math.abs(ms) / 1000), [d, h, m] = [86400, 3600, 60].map((unit) => Math.floor(s / unit));
  if (d) return h % 24 ? `${d} d ${h % 24} h` : `${d} d`;
  return `${h ? `${h}:${pad(m % 60)}` : m}:${pad(s % 60)}`;
};
const each = (name, act) => all(`[data-${name}]`).forEach((el) => act(el, Date.parse(el.dataset[name]) - now(), el.dataset));
const tick = () => {
  each("since", (el, ms) => { el.textContent = words(ms); });
  each("until", (el, ms, { in: ahead = "", over }) => {
    const { classList } = el.closest(".countdown") || el;
    el.textContent = ms < 0 ? over || `over by ${words(ms)}` : ahead + words(ms);
    classList.toggle("soon", ms >= 0 && ms < 120000);
    classList.toggle("over", ms < 0);
  });
  each("meter", ({ style, parentElement }, ms, { to }) => {
    const left = Date.parse(to) - now();
    style.width = `${Math.max(0, Math.min(100, (100 * left) / (left - ms || 1)))}%`;
    parentElement.classList.toggle("soon", left < 120000);
  });
};
setInterval(tick, 1000);
tick();
watchbill.tick = tick;
