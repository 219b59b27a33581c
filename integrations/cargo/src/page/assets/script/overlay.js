// What is shown in a page of the program: pills in the corner, and a panel that one of them opens.
// All of it is in a shadow root behind the page's last element, so neither styles the other.

/** A build or start that takes less is not worth a sign. */
const QUIET = 400;

function createOverlay() {
  const host = element("cargo-devserver", { popover: "manual" });
  const root = host.attachShadow({ mode: "open" });
  const status = element("p", { class: "ds-unseen", role: "status", "aria-live": "polite" });
  const pills = createPills({
    open: (kind) => panel.open(kind),
    update: () => render(),
  });
  const panel = createPanel(() => render());
  root.adoptedStyleSheets = [styleSheet()];
  root.append(status, panel.node, pills.node);
  raiseAboveDialogs(host);

  let state;
  let ticking;
  const blocked = {};

  function render() {
    if (!state) return;
    pills.show(state, blocked);
    panel.show(state);
    pills.node.hidden = panel.isOpen();
    if (pills.isEmpty() && !panel.isOpen()) hide();
    else appear();
    // Only what changes after the region is there is read out.
    setTimeout(safely(() => setText(status, pills.summary())), 100);
  }

  function appear() {
    ticking ??= setInterval(safely(() => tickTimes(root)), 1000);
    tickTimes(root);
    // The page may have removed it with all the rest.
    if (host.isConnected) return;
    document.documentElement.append(host);
    raise(host);
  }

  function hide() {
    clearInterval(ticking);
    ticking = undefined;
    host.remove();
  }

  return {
    show(next) {
      state = next;
      render();
    },
    block(why, reloader) {
      blocked.why = why;
      blocked.reload = reloader.now;
      render();
    },
  };
}

function styleSheet() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  return sheet;
}

/** Puts it above everything else of the page, where the browser can; where not, its z-index does. */
function raise(host) {
  try {
    if (host.matches(":popover-open")) host.hidePopover();
    host.showPopover();
  } catch {
    // An old browser.
  }
}

/** A dialog that the page opens later would be above. */
function raiseAboveDialogs(host) {
  document.addEventListener("toggle", safely((event) => {
    const isOurs = event.target === host || !host.isConnected || host.shadowRoot.activeElement;
    if (event.newState === "open" && !isOurs) raise(host);
  }), true);
}
