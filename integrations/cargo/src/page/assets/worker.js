// The events of cargo devserver, once for all tabs of an origin. See connection.js for the other side.
"use strict";

/** The tabs: what each port is known to be. */
const tabs = new Map();
/** A stream that the program relays (actix-web, HTTP/2) ends with each restart: the next one is soon there. */
const FIRST_PAUSE = 50;
const MAX_PAUSE = 10_000;
/** A tab that has not answered for so long has crashed, or sleeps: when it wakes up, it says hello. */
const MAX_SILENCE = 90_000;
/** A gap in time: the machine has slept, and connections may be dead without a sign. */
const SLEPT = 30_000;

let source;
let lastState;
let retry;
let pause = FIRST_PAUSE;
let lastTick = Date.now();

function open() {
  clearTimeout(retry);
  source?.close();
  source = new EventSource("events");
  source.addEventListener("state", ({ data }) => {
    pause = FIRST_PAUSE;
    lastState = data;
    for (const port of tabs.keys()) port.postMessage({ kind: "state", data });
  });
  source.addEventListener("log", ({ data }) => {
    for (const [port, tab] of tabs) if (tab.isVisible) port.postMessage({ kind: "log", data });
  });
  // The browser would try again as well, but not after every error, and never more slowly.
  source.addEventListener("error", () => {
    close();
    retry = setTimeout(open, pause);
    pause = Math.min(pause * 2, MAX_PAUSE);
  });
}

function close() {
  clearTimeout(retry);
  source?.close();
  source = undefined;
  // After a pause it may be wrong; a new connection begins with the state.
  lastState = undefined;
}

function hello(port, isVisible) {
  const isNew = !tabs.has(port);
  tabs.set(port, { isVisible, seen: Date.now() });
  pause = FIRST_PAUSE;
  if (!source || source.readyState === EventSource.CLOSED) open();
  // A tab that was asleep has missed some.
  else if (lastState !== undefined) port.postMessage({ kind: "state", data: lastState });
  else if (!isNew && source.readyState !== EventSource.OPEN) open();
}

function forget(port) {
  tabs.delete(port);
  if (tabs.size === 0) close();
}

function receive(port, message) {
  const tab = tabs.get(port);
  if (message.kind === "hello") hello(port, message.isVisible);
  else if (message.kind === "bye") forget(port);
  else if (tab) tab.seen = Date.now();
}

function tick() {
  const now = Date.now();
  if (now - lastTick > SLEPT && tabs.size > 0) open();
  lastTick = now;
  for (const [port, tab] of tabs) {
    if (now - tab.seen > MAX_SILENCE) forget(port);
    else port.postMessage({ kind: "ping" });
  }
}

setInterval(tick, 10_000);

self.addEventListener("connect", ({ ports: [port] }) => {
  port.addEventListener("message", ({ data }) => receive(port, data));
  // Newer browsers say when the other side is gone.
  port.addEventListener("close", () => forget(port));
  port.start();
  // The page hears that the worker runs, even if the server does not answer yet.
  port.postMessage({ kind: "ping" });
});
