// When a page reloads: once for each run of the program, and never for a mere reconnect.

/**
 * How long our own reload may take before it is tried again, where the browser does not say whether it is
 * still under way. Then twice as long each time.
 */
const RELOAD_TIMEOUT = 30_000;
/** Pauses between reloads of a page of cargo devserver that comes again and again. */
const PAUSES = [0, 300, 1000, 3000, 5000];
/**
 * Pauses before another reload when the page of an older run has come again. The old program answers on
 * connections that the browser has kept, until its grace of a second has passed.
 */
const STALE_PAUSES = [300, 1500, 3000];

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
  memory.write("reloaded", {});
  const isRemembered = memory.read("reloaded") !== null;
  memory.write("reloaded", null);
  const navigation = watchNavigation(wake, stop);
  const isAsked = createCounter("reloads");
  let state;
  let asked;
  let wanted;
  let wantedSince;
  let first;
  let underWay;
  let refused;
  let timer;
  let timeout = RELOAD_TIMEOUT;

  /** Why this page is out of date, or nothing. */
  function reason() {
    if (!state?.boot) return undefined;
    if (isLater(state.boot)) return state.boot;
    return asked;
  }

  /** How many reloads in a row have brought no newer page. */
  function timesInVain() {
    if (isOwnPage) return arrived && Date.now() - arrived.at < 10_000 ? arrived.times : 0;
    if (performance.getEntriesByType("navigation")[0]?.type !== "reload") return 0;
    if (!isRemembered) return wanted === first ? Infinity : 0;
    return arrived?.reason === wanted ? arrived.times : 0;
  }

  /** The page came from a cache, such as that of a service worker. Another reload would not help. */
  function isStuck() {
    // In a tab where that is known, a page of the same run gets a single reload.
    const limit = memory.read("stuck") === wanted ? 0 : STALE_PAUSES.length;
    if (isOwnPage || timesInVain() <= limit) return false;
    memory.write("stuck", wanted);
    refused = wanted;
    console.info("[cargo devserver] This page came from a cache, such as a service worker's, and is not the newest.");
    return true;
  }

  /** How long to wait: pages in the background leave the first place to the one that is looked at. */
  function pause() {
    const times = timesInVain();
    if (isOwnPage) return PAUSES[Math.min(times, PAUSES.length - 1)];
    const isSeen = document.visibilityState === "visible";
    return (isSeen ? 0 : 200 + Math.random() * 1500) + (STALE_PAUSES[times - 1] ?? 0);
  }

  function schedule() {
    // The page that comes will be the newest.
    if (!wanted || wanted === refused || underWay || timer !== undefined || isStuck()) return;
    timer = setTimeout(safely(attempt), pause());
  }

  function attempt() {
    timer = undefined;
    if (!wanted || wanted === refused || isStuck()) return;
    if (pageMethod) {
      onBlocked("post");
      return;
    }
    const wait = navigation.remaining(wantedSince);
    if (wait > 0) timer = setTimeout(safely(attempt), wait);
    else reload();
  }

  function reload() {
    memory.write("reloaded", { reason: wanted, at: Date.now(), times: timesInVain() + 1 });
    underWay = wanted;
    navigation.reload();
    // Another would abort it, and its answer may be on its way.
    if (window.navigation) return;
    timer = setTimeout(safely(() => {
      underWay = undefined;
      attempt();
    }), timeout);
    timeout *= 2;
  }

  /** The person has stopped our reload: for a navigation of their own, or to stay. */
  function stop(isLeaving) {
    const stopped = underWay;
    underWay = undefined;
    if (!isLeaving) {
      refused = stopped;
      onBlocked("refused");
    }
    schedule();
  }

  /** Looks again, without waiting for a navigation that has ended. */
  function wake() {
    if (underWay) return;
    clearTimeout(timer);
    timer = undefined;
    schedule();
  }

  function update() {
    const next = reason();
    if (next !== wanted) wantedSince = Date.now();
    wanted = next;
    // Nothing, where the page has come as the newest.
    first ??= wanted ?? "";
    schedule();
  }

  window.addEventListener("pagehide", safely(() => {
    if (underWay && navigation.isOwn()) keepPage();
  }));

  return {
    consider(next) {
      state = next;
      pageBoot ??= state.boot ?? "";
      if (isAsked(state)) asked = `${state.session} ${state.reloads}`;
      update();
    },
    /** Reloads for another reason. */
    ask() {
      asked = `${state.session} ${state.reloads} ${state.style_reloads}`;
      update();
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
