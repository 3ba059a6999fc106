// A button beside each text that is to be copied.
if (navigator.clipboard) all("pre.snippet").forEach((box) => {
  const say = (text) => { copy.textContent = text; };
  const copy = set(button("Copy", () => navigator.clipboard.writeText(box.textContent).then(
    () => { say("Copied"); setTimeout(say, 2000, "Copy"); },
    () => say("Select it and copy by hand"),
  )), { ariaLabel: `Copy: ${box.ariaLabel || "this text"}` });
  box.after(make("div", { className: "row copy", role: "status" }, copy));
});
