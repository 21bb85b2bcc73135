// The green screen's keyboard: Enter and function keys go to the server, which answers with the
// next display; the terminal keeps its own place, the server keeps none.
const KEYS = new Set(["F3", "F5", "F10", "F12", "PageUp", "PageDown"]);

export function setUpTerminal(post) {
  const form = document.getElementById("terminal");
  const screen = document.getElementById("screen");
  const busy = document.getElementById("oia-busy");
  const cursor = document.getElementById("oia-cursor");
  const message = document.getElementById("message");
  let waiting = false;
  let stale = false;
  const ahead = [];

  const inputs = () => [...screen.querySelectorAll("input")];
  const typed = () => inputs().some((input) => input.value !== input.defaultValue);

  // Rows that did not change stay the very nodes they were, with cursor and selection.
  function paint(html) {
    const wanted = document.createElement("template");
    wanted.innerHTML = html;
    const rows = [...wanted.content.children];
    for (const row of rows) row.html = row.outerHTML;
    const present = [...screen.children];
    if (present.length !== rows.length) { screen.replaceChildren(...rows); return; }
    rows.forEach((row, n) => {
      const untouched = ![...present[n].querySelectorAll("input")].some((i) => i.value !== i.defaultValue);
      if (present[n].html !== row.html || !untouched) present[n].replaceWith(row);
    });
  }

  function show(display) {
    const focused = document.activeElement?.name;
    const inside = screen.contains(document.activeElement);
    paint(display.html);
    Object.assign(form.dataset, { screen: display.screen, top: display.top, item: display.item });
    form.dataset.message = display.message;
    if (display.message && message.textContent !== display.message) {
      message.textContent = display.message;
    }
    busy.textContent = display.alarm ? "X II" : "";
    busy.dataset.tone = display.alarm ? "warn" : "ok";
    const wrong = screen.querySelector(".wrong");
    const same = inputs().find((input) => input.name === focused);
    if (inside || wrong) (wrong ?? same ?? inputs().find((i) => i.name !== "position") ?? inputs()[0])?.focus();
  }

  async function press(key) {
    // Type-ahead, as a terminal has it: a key pressed while the system works is not lost.
    if (waiting) {
      if (key === "AUTO") stale = true;
      else ahead.push(key);
      return;
    }
    waiting = true;
    if (key !== "AUTO") { busy.textContent = "X SYSTEM"; busy.dataset.tone = "ok"; }
    const { screen: name, top, item, message: said } = form.dataset;
    const fields = Object.fromEntries(inputs().map((input) => [input.name, input.value]));
    try {
      const display = await post("/terminal", { screen: name, top, item, message: said, key, fields });
      if (key !== "AUTO" || !typed()) show(display);
    } catch {
      busy.textContent = "X COMM";
      busy.dataset.tone = "warn";
    } finally {
      waiting = false;
    }
    if (ahead.length) press(ahead.shift());
    else if (stale) { stale = false; worldChanged(); }
  }

  // What a person has typed is never taken away by a refresh.
  function worldChanged() {
    if (!typed() && form.dataset.screen !== "SIGNON") press("AUTO");
  }

  function place(input) {
    const row = String(input.closest(".row").dataset.row).padStart(2, "0");
    const column = Number(input.dataset.col) + (input.selectionStart ?? 0);
    cursor.textContent = `${row}/${String(column).padStart(3, "0")}`;
  }

  function neighbour(input, step) {
    const kind = input.name.split(":")[0];
    const list = inputs().filter((each) => each.name.split(":")[0] === kind);
    return list[(list.indexOf(input) + step + list.length) % list.length];
  }

  for (const row of screen.children) row.html = row.outerHTML;
  form.addEventListener("submit", (event) => { event.preventDefault(); press("ENTER"); });
  form.addEventListener("keydown", (event) => {
    if (KEYS.has(event.key) && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      press(event.key);
    } else if (event.target.name && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      neighbour(event.target, event.key === "ArrowDown" ? 1 : -1).focus();
    }
  });
  form.addEventListener("click", (event) => {
    const key = event.target.closest(".fkey")?.dataset.key;
    if (key) press(key);
  });
  form.addEventListener("focusin", (event) => {
    if (event.target.name) { event.target.select(); place(event.target); }
  });
  form.addEventListener("input", (event) => {
    event.target.classList.toggle("dirty", event.target.value !== event.target.defaultValue);
    place(event.target);
  });
  return { worldChanged };
}
