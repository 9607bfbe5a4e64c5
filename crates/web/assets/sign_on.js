// Enhancement only: the page works without it.
const password = document.getElementById("password");
const toggle = document.getElementById("show-password");
if (password && toggle) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const shown = password.type === "text";
    password.type = shown ? "password" : "text";
    toggle.textContent = shown ? toggle.dataset.show : toggle.dataset.hide;
    toggle.setAttribute("aria-pressed", String(!shown));
  });
  // What is shown on the screen must not be kept by the browser as ordinary text.
  password.form.addEventListener("submit", () => { password.type = "password"; });
}
