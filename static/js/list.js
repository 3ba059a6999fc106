// The list: what is selected, how many, and X for the row in focus. Without this the actions stand below the table.
(() => {
  const form = document.querySelector(".listing");
  const bar = form?.querySelector(".bulk");
  if (!bar) return;
  const boxes = [...form.querySelectorAll(".cb")];
  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.closest("tr").classList.toggle("is-selected", box.checked);
    bar.hidden = !count;
    bar.querySelector("[data-count]").textContent = `${count} selected`;
    form.querySelector(".card").classList.toggle("under-bar", count > 0);
  };
  form.prepend(bar);
  bar.querySelector("[data-keys]").hidden = document.documentElement.dataset.keys === "off";
  form.addEventListener("change", show);
  addEventListener("pageshow", show);
  addEventListener("keydown", (ev) => {
    const box = ev.target.closest?.(".listing tr")?.querySelector(".cb");
    if (ev.key !== "x" || !box || ev.ctrlKey || ev.metaKey || document.documentElement.dataset.keys === "off") return;
    box.checked = !box.checked;
    show();
  });
  show();
})();
