// A button beside each text that is shown once; without scripts the text is selected by hand.
(() => {
  if (!navigator.clipboard) return;
  for (const box of document.querySelectorAll("pre.snippet")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${box.getAttribute("aria-label") || "this text"}`);
    const row = document.createElement("div");
    row.className = "row copy";
    row.setAttribute("role", "status");
    button.addEventListener("click", () => navigator.clipboard.writeText(box.textContent).then(
      () => { button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy"; }, 2000); },
      () => { button.textContent = "Select it and copy by hand"; },
    ));
    row.append(button);
    box.after(row);
  }
})();
