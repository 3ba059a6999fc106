// Levels of a policy: a choice is added at once, and the grip drags a level. Both press the form's own buttons.
(() => {
  const ladder = document.querySelector("[data-ladder]"), form = ladder?.closest("form");
  if (!form) return;
  const scroll = "ladder:scroll", at = sessionStorage.getItem(scroll);
  sessionStorage.removeItem(scroll);
  if (at) scrollTo(0, Number(at));
  form.addEventListener("submit", () => sessionStorage.setItem(scroll, scrollY));
  const press = (value) => {
    const button = Object.assign(document.createElement("button"), { name: "do", value, formNoValidate: true, hidden: true });
    form.append(button);
    button.click();
  };
  ladder.addEventListener("change", (ev) => { if (ev.target.matches("[data-adds]")) press("target"); });
  const rungs = [...ladder.querySelectorAll(".rung")].filter((el) => el.querySelector(".grip"));
  let from = -1;
  rungs.forEach((rung, place) => {
    const grip = rung.querySelector(".grip");
    grip.draggable = true;
    grip.addEventListener("dragstart", (ev) => { from = place; ev.dataTransfer.setDragImage(rung, 20, 20); });
    rung.addEventListener("dragover", (ev) => { if (from >= 0) ev.preventDefault(); });
    rung.addEventListener("drop", (ev) => { ev.preventDefault(); if (from !== place) press(`move:${from}:${place}`); from = -1; });
  });
})();
