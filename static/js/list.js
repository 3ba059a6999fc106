// The list: its actions come up when something is selected.
const form = one(".listing"), bar = one(".bulk");
const show = () => {
  const { length } = all(".cb:checked");
  bar.hidden = !length;
  one("[data-count]").textContent = `${length} selected`;
};
form.prepend(bar);
form.onchange = show;
addEventListener("pageshow", show);
show();
