// A button beside each text that is to be copied.
const { all, set, make, button } = watchbill;
if (navigator.clipboard) all("pre.snippet").forEach((box) => {
  const say = (text) => { copy.textContent = text; };
  const copy = set(button("Copy", () => navigator.clipboard.writeText(box.textContent).then(
    () => { say("Copied"); setTimeout(say, 2000, "Copy"); },
    () => say("Select it and copy by hand"),
  )), { ariaLabel: `Copy: ${box.ariaLabel || "this text"}` });
  box.after(set(make("div", "row copy", copy), { role: "status" }));
});
