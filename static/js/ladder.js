// Levels of a policy: a choice is added at once, the grip drags. Both press buttons of the form.
const ladder = one("#ladder"), form = ladder.closest("form"), { scrolled } = sessionStorage;
if (scrolled) scrollTo(0, scrolled);
delete sessionStorage.scrolled;
form.onsubmit = () => { sessionStorage.scrolled = scrollY; };
const press = (value) => form.appendChild(make("button", { name: "do", value, formNoValidate: true, hidden: true })).click();
ladder.onchange = ({ target }) => { if (target.matches("[data-adds]")) press("target"); };
let from = -1;
all(".rung:has(.grip)", ladder).forEach((rung, place) => {
  const grip = one(".grip", rung);
  grip.draggable = true;
  grip.ondragstart = ({ dataTransfer }) => { from = place; dataTransfer.setDragImage(rung, 20, 20); };
  rung.ondragover = (ev) => { if (from >= 0) ev.preventDefault(); };
  rung.ondrop = (ev) => { ev.preventDefault(); if (from !== place) press(`move:${from}:${place}`); from = -1; };
});
