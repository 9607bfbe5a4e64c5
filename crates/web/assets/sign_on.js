// Enhancement only: the pages work without it.

// Shows and hides a password.
for (const toggle of document.querySelectorAll("button.quiet[aria-controls]")) {
  const password = document.getElementById(toggle.getAttribute("aria-controls"));
  if (!password) continue;
  const show = (shown) => {
    password.type = shown ? "text" : "password";
    toggle.textContent = shown ? toggle.dataset.hide : toggle.dataset.show;
    toggle.setAttribute("aria-pressed", String(shown));
  };
  toggle.hidden = false;
  toggle.addEventListener("click", () => show(password.type === "password"));
  // What is shown on the screen must not be kept by the browser as ordinary text.
  password.form.addEventListener("submit", () => show(false));
}

// Says while it is typed what a new password is like already. The server judges all of it again.
const judges = {
  min: (text, rule) => text.length >= rule.min && text.length <= rule.max,
  kinds: (text, rule) =>
    rule.kinds.every(([of, least]) => text.filter((sign) => of.includes(sign)).length >= least),
  unique: (text, rule) => new Set(text).size >= rule.unique,
  repeated: (text, rule) => {
    let run = 0;
    return text.every((sign, at) => {
      run = sign === text[at - 1] ? run + 1 : 1;
      return run <= rule.repeated;
    });
  },
};
for (const list of document.querySelectorAll("ul[data-for]")) {
  const password = document.getElementById(list.dataset.for);
  if (!password) continue;
  const lines = [...list.querySelectorAll("li[data-rule]")].map((line) => {
    const rule = JSON.parse(line.dataset.rule);
    const judge = judges[Object.keys(rule).find((name) => name in judges)];
    const said = document.createElement("span");
    said.className = "hidden-text";
    line.append(said);
    return { line, said, rule, judge };
  });
  password.addEventListener("input", () => {
    const text = [...password.value];
    for (const { line, said, rule, judge } of lines) {
      if (!judge) continue;
      const met = text.length > 0 && judge(text, rule);
      if (line.dataset.text) line.firstChild.data = line.dataset.text;
      line.classList.remove("unmet");
      line.classList.toggle("met", met);
      said.textContent = met ? ` (${list.dataset.met})` : "";
    }
  });
}
