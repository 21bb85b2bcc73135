// Lights that run along the journey's edges when something passes.
const ORDER = ["write", "ring", "capture", "link_up", "lease", "call", "sell", "hook", "link_down",
  "apply", "enter", "ship", "back"];
const MOST = 6;
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

// The server looks a few times a second, so one look may hold a whole journey: the delay by place
// in the ring keeps the order a person expects to see.
export function pulse(edge, passed) {
  const path = document.getElementById(`edge-${edge}`);
  if (!path || STILL.matches || document.hidden) return;
  const first = (ORDER.indexOf(edge) % 6) * 140;
  const long = edge === "back";
  for (let n = 0; n < Math.min(passed, MOST); n += 1) {
    setTimeout(() => run(path, long ? 1500 : 620), first + n * 110);
  }
}

function run(path, lasts) {
  const light = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  light.setAttribute("r", "4");
  light.setAttribute("class", `pulse ${path.classList.contains("down") ? "down" : "up"}`);
  document.getElementById("pulses").append(light);
  const length = path.getTotalLength();
  const start = performance.now();
  const step = (now) => {
    const part = Math.max(0, Math.min(1, (now - start) / lasts));
    const eased = part < 0.5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2;
    const at = path.getPointAtLength(length * eased);
    light.setAttribute("cx", at.x);
    light.setAttribute("cy", at.y);
    if (part < 1) requestAnimationFrame(step);
    else light.remove();
  };
  requestAnimationFrame(step);
}
