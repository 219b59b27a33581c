// What happens, from the first event on.

function start() {
  if (isInsideAnother()) return;
  const view = isOwnPage ? createOwnPage() : createOverlay();
  const reloader = createReloader((why) => view.block(why, reloader));
  const hasNewStyles = createCounter("style_reloads");
  restorePage();
  let program = "program";
  connect(
    (data) => {
      const state = JSON.parse(data);
      program = state.program;
      reloader.consider(state);
      if (hasNewStyles(state) && !isOwnPage) safely(restyle)(reloader);
      view.show(state);
    },
    (data) => {
      const { level, text } = JSON.parse(data);
      const method = { error: "error", warn: "warn", info: "info" }[level] ?? "debug";
      console[method]("[%s] %s", program, text);
    },
  );
}

/** Where the page has no style sheet of this origin, what has changed may be part of the page. */
async function restyle(reloader) {
  if (!(await reloadStyles())) reloader.ask();
}

/** A page of cargo devserver itself has to be there, because it is changed in place. */
function begin() {
  const isEarly = isOwnPage && document.readyState === "loading";
  if (isEarly) document.addEventListener("DOMContentLoaded", safely(start), { once: true });
  else start();
}

/** A mark of this window: a page that has the tag twice is served once. */
const STARTED = Symbol.for("cargo-devserver");

safely(() => {
  if (window[STARTED]) return;
  Object.defineProperty(window, STARTED, { value: true });
  if (document.prerendering) document.addEventListener("prerenderingchange", safely(begin), { once: true });
  else begin();
})();
