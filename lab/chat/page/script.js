// Copyright: (c) 2026, the Kumawatch contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

// Keeps the page up to date: the server says that something changed, the page fetches the threads and puts in
// only those that are new or have grown, so that what the reader has opened, and the place, stay as they are.

const conversation = document.getElementById("conversation");
const live = document.getElementById("live");
const newer = document.getElementById("newer");
const space = document.body.dataset.space;

const atEnd = () => window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 80;
const toEnd = () => window.scrollTo(0, document.documentElement.scrollHeight);

function say(state, text) {
  live.dataset.state = state;
  live.textContent = text;
}

// Colours of buttons come from the message; the style sheet cannot know them, and inline styles are forbidden.
function paint(root) {
  for (const button of root.querySelectorAll("[data-background]")) {
    const color = button.dataset.background;
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    button.style.backgroundColor = color;
    button.style.borderColor = color;
    button.style.color = red * 0.299 + green * 0.587 + blue * 0.114 > 150 ? "#111" : "#fff";
  }
  for (const picture of root.querySelectorAll("img")) {
    const missing = () => picture.classList.add("missing");
    picture.addEventListener("error", missing);
    if (picture.complete && picture.naturalWidth === 0 && picture.getAttribute("src")) missing();
  }
  for (const day of root.querySelectorAll(".day time")) {
    const when = new Date(`${day.dateTime}T12:00:00`);
    day.textContent = when.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
  }
  for (const time of root.querySelectorAll(".head time")) {
    const when = new Date(time.dateTime);
    time.title = when.toString();
    time.textContent = when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }
}

function merge(fresh) {
  const open = new Map([...conversation.querySelectorAll("details")].map((item) => [item.id, item.open]));
  const wanted = new Set([...fresh.children].map((child) => child.id));
  for (const child of [...conversation.children]) {
    if (!wanted.has(child.id)) child.remove();
  }
  let before = conversation.firstElementChild;
  for (const child of [...fresh.children]) {
    const present = document.getElementById(child.id);
    if (present && present.dataset.version === child.dataset.version) {
      before = present.nextElementSibling;
      continue;
    }
    for (const item of child.querySelectorAll("details")) item.open = open.get(item.id) ?? false;
    if (present) {
      before = present.nextElementSibling;
      present.replaceWith(child);
    } else {
      conversation.insertBefore(child, before);
    }
  }
  paint(conversation);
}

let fetching = Promise.resolve();

async function update() {
  const response = await fetch(`/conversation?space=${encodeURIComponent(space)}`);
  if (!response.ok) return;
  const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
  const follow = atEnd();
  const before = conversation.querySelectorAll(".message").length;
  merge(parsed.body);
  if (conversation.querySelectorAll(".message").length === before) return;
  if (follow) toEnd();
  else newer.hidden = false;
}

newer.addEventListener("click", () => {
  toEnd();
  conversation.focus({ preventScroll: true });
});
window.addEventListener("scroll", () => { if (atEnd()) newer.hidden = true; }, { passive: true });

const events = new EventSource("/events");
events.onopen = () => say("live", "live");
events.onerror = () => say("lost", "reconnecting");
events.onmessage = () => { fetching = fetching.then(update).catch(() => say("lost", "reconnecting")); };

paint(conversation);
toEnd();
