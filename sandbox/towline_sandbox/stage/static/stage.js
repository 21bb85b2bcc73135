// The stage's own script: it applies what the server says changed, and hands on what a person does.
import { setUpTerminal } from "./terminal.js";
import { pulse } from "./pulses.js";

const counts = new Map();
let terminal = null;

function apply(change) {
  for (const [id, text] of Object.entries(change.text ?? {})) {
    const element = document.getElementById(id);
    if (element) element.textContent = text;
  }
  for (const [id, tone] of Object.entries(change.tone ?? {})) {
    document.getElementById(id)?.setAttribute("data-tone", tone);
  }
  for (const [id, path] of Object.entries(change.path ?? {})) {
    document.getElementById(id)?.setAttribute("d", path);
  }
  for (const [id, html] of Object.entries(change.html ?? {})) {
    const element = document.getElementById(id);
    if (element) reconcile(element, html);
  }
  for (const [edge, count] of Object.entries(change.count ?? {})) {
    const before = counts.get(edge);
    counts.set(edge, count);
    if (before !== undefined && count > before) pulse(edge, count - before);
  }
  if (change.meta) terminal?.worldChanged();
}

// Children carry keys: one that did not change stays the very node it was, with focus and scroll.
function reconcile(container, html) {
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  const present = new Map([...container.children].map((child) => [child.dataset.key, child]));
  let place = container.firstElementChild;
  for (const next of [...wanted.content.children]) {
    const old = present.get(next.dataset.key);
    present.delete(next.dataset.key);
    if (old && old.dataset.html === next.outerHTML) {
      if (old === place) place = place.nextElementSibling;
      else container.insertBefore(old, place);
      continue;
    }
    next.dataset.html = next.outerHTML;
    if (old && old === place) place = place.nextElementSibling;
    if (old && priceOf(old) !== priceOf(next)) next.classList.add("fresh");
    const focused = old?.contains(document.activeElement);
    old?.remove();
    container.insertBefore(next, place);
    if (focused) next.querySelector("button")?.focus();
  }
  for (const gone of present.values()) gone.remove();
}

const priceOf = (card) => card.querySelector(".price")?.dataset.value;

export async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.json();
}

async function act(path, body, button) {
  const said = document.getElementById("said");
  button.disabled = true;
  try {
    const answer = await post(path, body);
    said.textContent = answer.said ?? answer.error ?? "";
    said.dataset.tone = answer.error ? "warn" : "ok";
  } catch {
    said.textContent = "The stage itself does not answer.";
    said.dataset.tone = "warn";
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.fault) act("/fault", { name: button.dataset.fault }, button);
  else if (button.classList.contains("buy")) {
    const quantity = Number.parseInt(document.getElementById("quantity").value, 10) || 1;
    act("/order", { sku: button.dataset.sku, quantity }, button);
  } else if (button.classList.contains("publish-all")) {
    act("/publish", { all: true }, button);
  } else if (button.classList.contains("publish")) {
    act("/publish", { product: button.dataset.product }, button);
  }
});

function setUpExplanations() {
  const line = document.getElementById("explains");
  for (const station of document.querySelectorAll(".st")) {
    const show = () => {
      const name = document.createElement("b");
      name.textContent = `${station.dataset.label}: `;
      line.replaceChildren(name, station.dataset.explains);
    };
    const rest = () => { line.textContent = line.dataset.rest; };
    station.addEventListener("pointerenter", show);
    station.addEventListener("focus", show);
    station.addEventListener("pointerleave", rest);
    station.addEventListener("blur", rest);
  }
}

terminal = setUpTerminal(post);
setUpExplanations();
const stream = new EventSource("/stream");
stream.onmessage = (event) => {
  apply(JSON.parse(event.data));
  document.documentElement.dataset.live = "yes";
};
stream.onerror = () => { document.documentElement.dataset.live = "no"; };
