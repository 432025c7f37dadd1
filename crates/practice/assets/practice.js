// Keeps the page current: whenever the server says that something changed, the parts that show it are fetched anew.
"use strict";

const PARTS = ["clock", "places", "list", "people"];
const CLOCK_SECONDS = 20;
const GATHER_MS = 50;

async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of PARTS) {
    const here = document.getElementById(id);
    const there = fresh.getElementById(id);
    if (!here || !there || here.innerHTML === there.innerHTML) continue;
    const focused = here.contains(document.activeElement) ? address(here, document.activeElement) : null;
    here.replaceChildren(...there.childNodes);
    if (focused) find(here, focused)?.focus({ preventScroll: true });
  }
}

// Where an element stands, so that focus can return to its successor.
function address(root, element) {
  const steps = [];
  for (let node = element; node !== root; node = node.parentElement) {
    steps.unshift([...node.parentElement.children].indexOf(node));
  }
  return steps;
}

function find(root, steps) {
  return steps.reduce((node, at) => node?.children[at], root);
}

// A timer, not a frame: a page in the background follows, too. What changes while the page is fetched is fetched again.
let pending = false;
let again = false;
function later() {
  if (pending) { again = true; return; }
  pending = true;
  setTimeout(async () => {
    try { await refresh(); } catch { /* the next event tries again */ }
    pending = false;
    if (again) { again = false; later(); }
  }, GATHER_MS);
}

const source = new EventSource("/page/live");
source.onmessage = later;
// What changed between the page and the stream was told to nobody.
source.onopen = later;
// Pages that the browser keeps to go back to would keep their streams, too, and leave it no connection after six.
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
setInterval(later, CLOCK_SECONDS * 1000);
