// Live updates, and nothing else: when the server says that something changed, fetch this page again and put its
// <main> in place of ours. Without this script every page works as it is.
"use strict";

(() => {
  const live = () => document.querySelector("main[data-live]");
  if (!live()) return;

  const QUIET_MS = 250;
  const FIRST_MS = 500;
  const LONGEST_MS = 16_000;
  const toast = document.querySelector(".toast");
  let timer = 0;
  let fetching = false;
  let again = false;
  let patience = FIRST_MS;
  let expecting = 0;

  // What a person is typing is theirs: a form that was touched is left alone, and a hint is shown instead.
  let touched = false;
  document.addEventListener("input", (event) => {
    if (event.target.closest("main")) touched = true;
  });

  function keep(from, to) {
    for (const details of from.querySelectorAll("details[id]")) {
      const twin = to.querySelector(`#${CSS.escape(details.id)}`);
      if (twin) twin.open = details.open;
    }
    return [...from.querySelectorAll("[data-scroll][id]")].map((box) => ({
      id: box.id,
      top: box.scrollTop,
      atEnd: box.dataset.scroll === "end" && box.scrollTop + box.clientHeight >= box.scrollHeight - 8,
    }));
  }

  function restore(main, scrolls, focused) {
    for (const { id, top, atEnd } of scrolls) {
      const box = document.getElementById(id);
      if (box) box.scrollTop = atEnd ? box.scrollHeight : top;
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  async function refresh() {
    if (fetching) { again = true; return; }
    if (touched) { say("This page has changed meanwhile. Reload it to see how."); return; }
    fetching = true;
    try {
      const response = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin" });
      if (!response.ok || response.redirected) { location.reload(); return; }
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      const main = live();
      const next = fresh.querySelector("main");
      if (!main || !next || touched) return;
      const focused = main.contains(document.activeElement) ? document.activeElement.id : "";
      const scrolls = keep(main, next);
      main.replaceWith(document.adoptNode(next));
      document.title = fresh.title;
      restore(next, scrolls, focused);
      document.dispatchEvent(new CustomEvent("muster:live"));
    } catch {
      // The stream reconnects by itself, and its next event brings the next try.
    } finally {
      fetching = false;
      if (again) { again = false; soon(); } else { expect(); }
    }
  }

  function soon() {
    patience = FIRST_MS;
    clearTimeout(timer);
    timer = setTimeout(refresh, QUIET_MS);
  }

  // What is on its way when the page is drawn arrives without an event: look again, each time after twice as long.
  function expect() {
    clearTimeout(expecting);
    if (patience > LONGEST_MS || !live()?.querySelector("[data-soon]")) return;
    expecting = setTimeout(() => { if (!touched) refresh(); }, patience);
    patience *= 2;
  }

  function say(text) {
    if (toast) toast.textContent = text;
  }

  for (const box of document.querySelectorAll('[data-scroll="end"]')) box.scrollTop = box.scrollHeight;
  expect();

  const source = new EventSource(live().dataset.live);
  for (const name of (live().dataset.liveOn || "message").split(" ")) source.addEventListener(name, soon);
  let lost = false;
  source.addEventListener("error", () => { lost = true; });
  source.addEventListener("open", () => { if (lost) { lost = false; soon(); } });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
