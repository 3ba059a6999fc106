{% include "drf_spectacular/swagger_ui.js" %}

// The page has its person's colours: those that were chosen, else those of the system.
(() => {
  const page = document.documentElement;
  const night = window.matchMedia("(prefers-color-scheme: dark)");
  const dress = () => {
    const chosen = page.dataset.theme;
    page.classList.toggle("dark-mode", chosen ? chosen === "dark" : night.matches);
  };
  dress();
  night.addEventListener("change", dress);
})();
