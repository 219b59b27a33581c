// What navigates this page: the person, whom a reload must not interrupt, or a reload of ours.

/** How long a navigation of the person's may take, where the browser says how it ends. */
const NAVIGATION_TIMEOUT = 65_000;
/** The same where nobody says it: the browser does not, or it is likely to be a download. */
const UNKNOWN_TIMEOUT = 8000;
/** The end of a path that is likely to be a download. No event says that one has begun. */
const FILE = /\.(?!html?$|php$)[a-z][a-z0-9]{1,4}$/i;

/**
 * `onEnd` is called when the person's navigation has ended and the page is still there, and `onStopped`
 * when somebody has stopped a reload of ours: in the prompt of the page, or with the browser's button.
 */
function watchNavigation(onEnd, onStopped) {
  /** The person's navigation: when it began, and how long it may take. */
  let leaving;
  /** The event of our reload; `true` until the browser sends it. */
  let own;
  /** The event of the last navigation, within the page or not. */
  let last;

  const end = safely(() => {
    if (!leaving) return;
    leaving = undefined;
    onEnd();
  });

  /** A navigation within the page aborts the event of one that leaves it, and not the navigation. */
  const isWithin = (event) => event.hashChange || event.destination?.sameDocument;
  const endLast = () => last === leaving?.event && end();

  const begin = safely((event) => {
    last = event;
    if (own === true && (event.navigationType ?? "reload") === "reload") {
      own = event;
      onAbort(event, stopOwn);
      return;
    }
    const url = event.destination?.url;
    // A download leaves the page where it is, and so does a link that opens another program.
    if (isWithin(event) || event.downloadRequest) return;
    if (url && !/^https?:/.test(url)) return;
    const isKnown = event.signal && !FILE.test(new URL(url).pathname);
    leaving = { event, since: Date.now(), limit: isKnown ? NAVIGATION_TIMEOUT : UNKNOWN_TIMEOUT };
    onAbort(event, () => leaving?.event === event && !isWithin(last) && end());
  });

  function stopOwn(event) {
    if (own !== event || isWithin(last)) return;
    own = undefined;
    onStopped(leaving !== undefined);
  }

  if (window.navigation) {
    window.navigation.addEventListener("navigate", begin);
    window.navigation.addEventListener("navigatesuccess", endLast);
    window.navigation.addEventListener("currententrychange", endLast);
  } else {
    window.addEventListener("beforeunload", begin);
  }
  window.addEventListener("pageshow", end);
  return {
    /** For how long a reload that is wanted since then has to wait. */
    remaining(wantedSince) {
      if (!leaving) return 0;
      let until = leaving.since + leaving.limit;
      // The program that answers has only just started.
      if (wantedSince < until) until = Math.max(until, wantedSince + UNKNOWN_TIMEOUT);
      return Math.max(0, until - Date.now());
    },
    isOwn: () => leaving === undefined,
    /** Begins a reload. One that it takes the place of is not stopped by somebody. */
    reload() {
      leaving = undefined;
      own = true;
      location.reload();
    },
  };
}

/** Calls a function when the navigation of an event is stopped, or another takes its place and has begun. */
function onAbort(event, run) {
  event.signal?.addEventListener("abort", () => setTimeout(safely(() => run(event))));
}
