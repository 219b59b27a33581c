// The events of cargo devserver. A shared worker has one connection for all tabs, because a browser
// opens no more than six to an origin. Where it cannot run, each visible tab has its own.

/** A worker that an older version has started may live on in another tab. It is not shared with it. */
const PROTOCOL = 1;
/** After a stream has ended, as a relayed one does with each restart (actix-web, HTTP/2). */
const FIRST_PAUSE = 50;
/** How long the worker may take to answer before this page connects by itself. */
const WORKER_TIMEOUT = 3000;

/** Calls `onState` with each state, as JSON, and `onLog` with each line of output. */
function connect(onState, onLog) {
  const receive = safely(({ kind, data }) => (kind === "log" ? onLog(data) : onState(data)));
  const direct = directConnection(receive);
  const worker = workerConnection(receive, direct);
  const isVisible = () => document.visibilityState === "visible";
  let isLeft = false;
  const wake = safely(() => {
    // Browsers hide a page after they have left it.
    if (isLeft) return;
    worker.hello(isVisible());
    direct.hello(isVisible());
  });
  document.addEventListener("visibilitychange", wake);
  // After a freeze, from the back/forward cache, or after a sleep.
  document.addEventListener("resume", wake);
  window.addEventListener("pageshow", ({ persisted }) => {
    isLeft = false;
    if (persisted) wake();
  });
  window.addEventListener("online", wake);
  window.addEventListener("pagehide", safely(() => {
    isLeft = true;
    worker.bye();
    direct.bye();
  }));
  wake();
}

function workerConnection(receive, direct) {
  let port;
  const giveUp = safely(() => direct.enable());
  const timeout = setTimeout(giveUp, WORKER_TIMEOUT);
  const onMessage = safely(({ data }) => {
    clearTimeout(timeout);
    direct.disable();
    if (data.kind === "ping") port.postMessage({ kind: "pong" });
    else receive(data);
  });
  try {
    const worker = startWorker(`${base}worker.js`);
    // A policy of the page forbids it, or it cannot be loaded.
    worker.addEventListener("error", giveUp);
    port = worker.port;
    port.addEventListener("message", onMessage);
    port.start();
  } catch {
    clearTimeout(timeout);
    giveUp();
  }
  return {
    hello: (isVisible) => port?.postMessage({ kind: "hello", isVisible }),
    bye: () => port?.postMessage({ kind: "bye" }),
  };
}

function startWorker(url) {
  const options = { name: `cargo-devserver ${PROTOCOL}` };
  try {
    return new SharedWorker(url, options);
  } catch (error) {
    // The page may require trusted types. This is one: a constant path of this origin.
    const policy = window.trustedTypes?.createPolicy("cargo-devserver", { createScriptURL: () => url });
    if (!policy) throw error;
    return new SharedWorker(policy.createScriptURL(""), options);
  }
}

/** An event stream of this page alone, while it is visible. */
function directConnection(receive) {
  let isEnabled = false;
  let source;
  let retry;
  let pause;
  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };
  const open = safely(() => {
    close();
    source = new EventSource(`${base}events`);
    for (const kind of ["state", "log"]) {
      source.addEventListener(kind, ({ data }) => {
        pause = FIRST_PAUSE;
        receive({ kind, data });
      });
    }
    source.addEventListener("error", () => {
      close();
      retry = setTimeout(open, pause);
      pause = Math.min(pause * 2, 10_000);
    });
  });
  const hello = (isVisible) => {
    if (!isEnabled) return;
    pause = FIRST_PAUSE;
    if (!isVisible) close();
    else if (source?.readyState !== EventSource.OPEN) open();
  };
  return {
    hello,
    bye: close,
    enable() {
      isEnabled = true;
      hello(document.visibilityState === "visible");
    },
    disable() {
      isEnabled = false;
      close();
    },
  };
}
