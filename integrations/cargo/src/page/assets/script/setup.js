// What the tag says, and small things that all parts use.

/** The tag that loads this script. It is async and external, so nothing waits for it. */
const tag = document.currentScript;
if (!tag?.src) return;
/** Where cargo devserver answers on this origin, such as `https://localhost:3000/.devserver/`. */
const base = new URL(".", tag.src).href;
/**
 * The run of the program that has made this page; empty on a page of cargo devserver itself. A tag that
 * was pasted into a page does not say it: then it is the first that the page hears of.
 */
let pageBoot = tag.dataset.boot;
/** The method of the request that this page is the answer to, unless a reload just gets it again. */
const pageMethod = tag.dataset.method;
const isOwnPage = tag.dataset.page === "devserver";

/**
 * Makes a callback of a function: whatever goes wrong in it, the page never hears of it, not even
 * through `window.onerror`.
 */
function safely(run) {
  return (...values) => {
    try {
      const result = run(...values);
      result?.catch?.(report);
      return result;
    } catch (error) {
      report(error);
      return undefined;
    }
  };
}

function report(error) {
  console.debug("[cargo devserver]", error);
}

/** Makes an element. Children that are text stay text. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== false) made.setAttribute(attribute, value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** Sets text only where it differs: what has not changed does not flicker, and is not read out again. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A value of this tab; it survives a reload. Storage may be forbidden or full: then it does not. */
const memory = {
  read(name) {
    try {
      return JSON.parse(sessionStorage.getItem(`cargo-devserver ${name}`));
    } catch {
      return null;
    }
  },
  write(name, value) {
    try {
      const key = `cargo-devserver ${name}`;
      if (value === null) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify(value));
    } catch {
      // It is forgotten, then.
    }
  },
};

/** Such as `12 s`. */
function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** Such as `12 s ago`. */
function ago(since) {
  const past = Date.now() - since;
  return past < 2000 ? "just now" : `${duration(past)} ago`;
}

function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}
