// The pills: a problem, the newest panic, a build that runs, and why the page has not reloaded. Each is
// made once and changed in place: nothing flashes at each autosave, and no focus is lost.

function createPills({ open, update }) {
  const problem = createPill("error", { open: () => open("problem"), close: () => close("problem") });
  const panic = createPill("error", { open: () => open("panics"), close: () => close("panic") });
  const hint = createPill("busy", { close: () => close("hint") });
  const build = createPill("busy", {});
  const all = [hint, panic, problem, build];
  const node = element("div", { class: "ds-pills" }, ...all.map((pill) => pill.node));
  // A click leaves the focus in the form.
  node.addEventListener("mousedown", (event) => event.preventDefault());
  const closed = memory.read("closed") ?? {};
  const isBusy = createQuietPeriod(update);
  let keys = {};
  let summary = "";

  function close(kind) {
    closed[kind] = keys[kind];
    memory.write("closed", { ...closed, hint: undefined });
    update();
  }

  function isOpen(kind) {
    return keys[kind] !== undefined && closed[kind] !== keys[kind];
  }

  function show(state, blocked) {
    const newest = state.panics.at(-1);
    keys = {
      problem: state.problem ? `${state.session} ${state.problem.kind} ${state.problem.since}` : undefined,
      panic: newest && `${state.session} ${newest.number}`,
      hint: blocked.why && `${state.boot}`,
    };
    const busy = isBusy(state);
    const isProblemOpen = isOpen("problem");
    problem.show(isProblemOpen && problemPill(state, busy));
    panic.show(isOpen("panic") && panicPill(state, newest));
    hint.show(isOpen("hint") && hintPill(blocked));
    build.show(busy && !isProblemOpen && buildPill(state));
    summary = isProblemOpen ? problemSummary(state.problem) : "";
  }

  return {
    node,
    show,
    summary: () => summary,
    isEmpty: () => all.every((pill) => pill.node.hidden),
  };
}

/** Whether a state is busy for long enough to say so. */
function createQuietPeriod(update) {
  let began;
  let since;
  let timer;
  return ({ build, is_starting: isStarting }) => {
    const now = build?.began ?? (isStarting ? "start" : undefined);
    if (now !== began) {
      // A start after a build is one wait.
      if (began === undefined || now !== "start") since = Date.now();
      began = now;
    }
    clearTimeout(timer);
    if (began === undefined) return false;
    const left = QUIET - (Date.now() - since);
    if (left > 0) timer = setTimeout(safely(update), left);
    return left <= 0;
  };
}

function problemSummary({ kind, title, diagnostics, panic }) {
  const place = firstError({ diagnostics })?.place ?? panic?.frame?.[1] ?? panic?.place;
  return `${FAILED[kind]}: ${title}${place ? `, ${placeText(place)}` : ""}`;
}

function problemPill({ problem, editor, build, warnings, is_starting: isStarting }, busy) {
  const error = firstError(problem);
  const { panic } = problem;
  const counts = [
    problem.errors > 1 && `+${problem.errors - 1}`,
    warnings > 0 && count(warnings, "warning"),
  ];
  return {
    code: error?.code ?? (problem.kind === "build" ? "Error" : FAILED[problem.kind]),
    message: problem.title,
    label: `${FAILED[problem.kind]}. Show all of it`,
    place: error?.place ?? panic?.frame?.[1] ?? panic?.place,
    editor,
    detail: counts.filter(Boolean).join(" \u00b7 "),
    progress: busy ? { build, isStarting } : undefined,
  };
}

function panicPill({ editor, panics }, { message, place, frame }) {
  return {
    code: panics.length > 1 ? `${panics.length} panics` : "Panic",
    message,
    label: "The program has panicked and runs on. Show all of it",
    place: frame?.[1] ?? place,
    editor,
  };
}

function buildPill({ build, is_starting: isStarting }) {
  return { message: build ? "Building" : "Starting", progress: { build, isStarting } };
}

function hintPill({ why, reload }) {
  const isPost = why === "post";
  return {
    message: isPost
      ? `The program has changed. This page is the answer to a ${pageMethod} request.`
      : "The program has changed, and this page has stayed.",
    action: isPost ? "Send it again" : "Reload",
    act: reload,
  };
}

/** A pill. It opens or closes something where it is given how. */
function createPill(kind, { open, close }) {
  const code = element("strong", { class: "ds-pill-code" });
  const message = element("span", { class: "ds-pill-message" });
  const main = element(open ? "button" : "div", { class: "ds-pill-main", type: open && "button" },
    element("span", { class: "ds-dot" }), code, message);
  const place = element("span", { class: "ds-pill-place" });
  const detail = element("span", { class: "ds-pill-detail" });
  const work = element("span", { class: "ds-pill-work" });
  const below = element("div", { class: "ds-pill-below" }, place, detail, work);
  const action = element("button", { class: "ds-button", type: "button" });
  const closer = element("button", { class: "ds-close", type: "button", "aria-label": "Hide", title: "Hide" }, "\u00d7");
  const bar = element("progress", { "aria-label": "Crates that are done" });
  const text = element("div", { class: "ds-pill-text" }, main, below);
  const node = element("div", { class: `ds-pill ds-is-${kind}` }, text, action, close ? closer : "", bar);
  let act;
  let shownPlace;
  node.hidden = true;
  if (open) {
    text.classList.add("ds-opens");
    text.addEventListener("click", safely((event) => event.target.closest("a") || open()));
  }
  closer.addEventListener("click", safely(() => close()));
  action.addEventListener("click", safely(() => act?.()));

  function show(content) {
    node.hidden = !content;
    if (!content) return;
    setText(code, content.code ?? "");
    setText(message, visible(content.message));
    if (open) main.setAttribute("aria-label", `${content.code}: ${content.message}. ${content.label}`);
    setText(detail, content.detail ?? "");
    setText(action, content.action ?? "");
    action.hidden = !content.action;
    act = content.act;
    showPlace(content);
    showWork(content.progress);
    below.hidden = !below.textContent;
  }

  function showPlace({ place: next, editor }) {
    const key = JSON.stringify([next, editor]);
    if (key === shownPlace) return;
    shownPlace = key;
    // Without an editor, a click opens the panel, where there is room to explain.
    const isLink = next && editor.kind !== "unset";
    place.replaceChildren(isLink ? placeLink(next, editor) : next ? placeText(next) : "");
  }

  function showWork(progress) {
    bar.hidden = !progress;
    node.classList.toggle("ds-works", Boolean(progress));
    const build = progress?.build;
    if (!build) {
      setText(work, progress?.isStarting && kind === "error" ? "Starting" : "");
      bar.removeAttribute("value");
      return;
    }
    const began = work.querySelector("[data-began]") ?? element("span");
    began.dataset.began = build.began;
    setText(began, duration(Date.now() - build.began));
    const crates = build.total ? `${build.done}/${build.total} crates \u00b7 ` : "";
    const said = kind === "error" && !crates ? "Building " : crates;
    if (work.firstChild?.nodeValue !== said) work.replaceChildren(said, began);
    if (build.total) [bar.max, bar.value] = [build.total, Math.min(build.done, build.total)];
    else bar.removeAttribute("value");
  }

  return { node, show };
}
