// When a page reloads: once for each run of the program, and never for a mere reconnect.

/** How long a navigation of the page's own may take before a reload takes its place. */
const NAVIGATION_TIMEOUT = 8000;
/** How long our own reload may take before it is tried again. */
const RELOAD_TIMEOUT = 30_000;
/** Pauses between reloads of a page of cargo devserver that comes again and again. */
const PAUSES = [0, 300, 1000, 3000, 5000];

/** Whether a run is later than that of this page. The number at the end counts the runs of a session. */
function isLater(boot) {
  if (boot === pageBoot) return false;
  const [, session, run] = boot.match(/^(.*)-(\d+)$/) ?? [];
  const [, pageSession, pageRun] = pageBoot.match(/^(.*)-(\d+)$/) ?? [];
  // A state from before this page: the program that made it has started meanwhile.
  if (session !== undefined && session === pageSession) return Number(run) > Number(pageRun);
  return true;
}

/**
 * Reloads this page when a state asks for it. `onBlocked` is told why it does not: `post`, because a
 * reload would send the request again, or `refused`, because the person wants to stay.
 */
function createReloader(onBlocked) {
  const arrived = memory.read("reloaded");
  memory.write("reloaded", null);
  const navigation = watchNavigation();
  const isAsked = createCounter("reloads");
  let state;
  let asked;
  let underWay;
  let refused;
  let timer;

  /** Why this page is out of date, or nothing. */
  function reason() {
    if (!state?.boot) return undefined;
    if (isLater(state.boot)) return state.boot;
    return asked;
  }

  /** The page came from a cache, such as that of a service worker. Another reload would not help. */
  function isStuck(wanted) {
    if (isOwnPage || arrived?.reason !== wanted || arrived.url !== location.href) return false;
    if (performance.getEntriesByType("navigation")[0]?.type !== "reload") return false;
    console.info("[cargo devserver] This page came from a cache, such as a service worker's, and is not the newest.");
    return true;
  }

  /** How long to wait: pages in the background leave the first place to the one that is looked at. */
  function pause() {
    if (isOwnPage) {
      const isSoon = arrived && Date.now() - arrived.at < 10_000;
      return isSoon ? PAUSES[Math.min(arrived.times, PAUSES.length - 1)] : 0;
    }
    return document.visibilityState === "visible" ? 0 : 200 + Math.random() * 1500;
  }

  function schedule() {
    // The page that comes will be the newest.
    if (!reason() || underWay || timer !== undefined) return;
    timer = setTimeout(safely(attempt), pause());
  }

  function attempt() {
    timer = undefined;
    const wanted = reason();
    if (!wanted || wanted === refused || isStuck(wanted)) return;
    if (pageMethod) {
      onBlocked("post");
      return;
    }
    const wait = navigation.remaining();
    if (wait > 0) timer = setTimeout(safely(attempt), wait);
    else reload(wanted);
  }

  function reload(wanted) {
    const isAgain = isOwnPage && arrived && Date.now() - arrived.at < 10_000;
    const times = isAgain ? arrived.times + 1 : 1;
    memory.write("reloaded", { reason: wanted, url: location.href, at: Date.now(), times });
    underWay = wanted;
    const isStaying = navigation.ownReload(() => location.reload());
    if (isStaying) {
      underWay = undefined;
      refused = wanted;
      onBlocked("refused");
      return;
    }
    timer = setTimeout(safely(() => {
      underWay = undefined;
      attempt();
    }), RELOAD_TIMEOUT);
  }

  window.addEventListener("pagehide", safely(() => {
    if (underWay && navigation.isOwn()) keepPage();
  }));

  return {
    consider(next) {
      state = next;
      pageBoot ??= state.boot ?? "";
      if (isAsked(state)) asked = `${state.session} ${state.reloads}`;
      schedule();
    },
    /** Reloads for another reason. */
    ask() {
      asked = `${state.session} ${state.reloads} ${state.style_reloads}`;
      schedule();
    },
    /** The person asks for it. */
    now: () => location.reload(),
  };
}

/** Says of each state whether a number in it has grown, in the same session, since the one before. */
function createCounter(name) {
  let before;
  return (state) => {
    const hasGrown = before?.session === state.session && state[name] > before[name];
    before = state;
    return hasGrown;
  };
}

/** Knows whether the page is about to go elsewhere: that must not be aborted. */
function watchNavigation() {
  let since;
  let isOurs = false;
  let isRefused = false;
  const begin = safely((event) => {
    if (isOurs) return;
    const url = event.destination?.url;
    const isLeaving = !event.hashChange && !event.destination?.sameDocument;
    // A download leaves the page where it is, and so does a link that opens another program.
    if (isLeaving && !event.downloadRequest && (!url || /^https?:/.test(url))) since = Date.now();
  });
  const end = () => {
    since = undefined;
  };
  if (window.navigation) {
    window.navigation.addEventListener("navigate", begin);
    window.navigation.addEventListener("navigatesuccess", end);
    window.navigation.addEventListener("currententrychange", end);
    window.navigation.addEventListener("navigateerror", () => {
      isRefused = true;
      end();
    });
  } else {
    window.addEventListener("beforeunload", begin);
  }
  window.addEventListener("pageshow", end);
  return {
    /** For how long a reload has to wait. */
    remaining: () => (since === undefined ? 0 : Math.max(0, since + NAVIGATION_TIMEOUT - Date.now())),
    isOwn: () => since === undefined,
    /** Returns whether the person has said that they want to stay, where the browser tells. */
    ownReload(run) {
      isOurs = true;
      isRefused = false;
      run();
      isOurs = false;
      return isRefused;
    },
  };
}
