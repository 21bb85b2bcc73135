// Keeps a live page fresh: fetches the page again and swaps its main part, unless somebody is
// typing, has selected text, or looks at another tab.
const mark = document.querySelector("[data-refresh]");

async function refresh() {
  const active = document.activeElement;
  const busy = active && active.closest("main") && active.matches("input, select");
  if (document.hidden || busy || String(getSelection())) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) { location.reload(); return; }
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceChildren(...page.querySelector("main").childNodes);
  } catch {
    // The relay restarts: the next round shows it.
  }
}

if (mark) setInterval(refresh, Number(mark.dataset.refresh) * 1000);
