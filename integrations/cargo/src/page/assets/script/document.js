// The page of cargo devserver itself, while no program can run. It arrives complete (../../document/);
// this keeps it up to date, with the same elements.

function createOwnPage() {
  const main = document.getElementById("devserver-main");
  const bar = document.querySelector(".ds-bar");
  const build = element("div");
  const problem = element("div");
  const hint = element("div");
  let shownBuild = false;
  let state = JSON.parse(document.getElementById("devserver-state").textContent);
  let shown = JSON.stringify(problemOf(state));
  setInterval(safely(() => tickTimes(document)), 1000);

  // The links that have come with the page.
  main.addEventListener("click", safely((event) => {
    const link = event.target.closest("a[data-path]");
    const { path, line, column } = link?.dataset ?? {};
    if (link) openPlace(event, link, { path, line, column }, state.editor);
  }));

  /** From now on the page is ours. */
  function takeOver() {
    if (build.isConnected) return;
    main.replaceChildren(build, problem, hint);
    if (pageMethod) hint.replaceChildren(...postHint());
    shown = undefined;
  }

  function show(next) {
    state = next;
    // What nothing is known about has a text of its own in the page.
    if (!state.problem && !state.build && !state.is_starting) return;
    if (!state.build && !shownBuild && JSON.stringify(problemOf(state)) === shown) return;
    takeOver();
    document.title = titleOf(state);
    bar.replaceChildren(...barOf(state));
    showBuild();
    const key = JSON.stringify(problemOf(state));
    if (key !== shown) problem.replaceChildren(...(state.problem ? ownBody(state) : []));
    shown = key;
    explainEditor(state);
    tickTimes(document);
  }

  function showBuild() {
    shownBuild = Boolean(state.build);
    if (!state.build) {
      const heading = element("h1", {}, `${state.program} starts`);
      build.replaceChildren(...(state.problem ? [] : [heading]));
      return;
    }
    const isFirst = !state.problem;
    const bar = build.querySelector("progress");
    if (!bar || Boolean(build.querySelector("h1")) !== isFirst) build.replaceChildren(buildSection(state, isFirst));
    updateBuild(build, state.build);
  }

  return {
    show,
    block(why, reloader) {
      takeOver();
      const send = element("button", { class: "ds-button", type: "button" }, "Send it again");
      send.addEventListener("click", safely(() => reloader.now()));
      hint.replaceChildren(element("p", { class: "ds-hint" },
        `The program runs. This page is the answer to a ${pageMethod} request, which it has not seen. `, send));
    },
  };
}

function problemOf({ problem, editor }) {
  return [problem, editor];
}

function ownBody({ problem, editor }) {
  return [problemHeading(problem), ...problemParts(problem, editor)];
}

function postHint() {
  return [element("p", { class: "ds-hint" },
    `This page is the answer to a ${pageMethod} request, which the program has not seen. Send it again when the program runs.`)];
}

function titleOf({ problem, build, program }) {
  if (problem) {
    const code = firstError(problem)?.code;
    return `${code ? `${code} ` : ""}${problem.title} \u2013 ${FAILED[problem.kind]}: ${program}`;
  }
  return build ? `Building ${program}` : `${program} starts \u2013 cargo devserver`;
}

function barOf({ problem, build, program }) {
  const name = element("span", { class: "ds-program" }, program);
  if (build || !problem) return [name, element("span", { class: "ds-chip ds-busy" }, build ? "Building" : "Starting")];
  const since = element("span", { class: "ds-since", "data-since": problem.since }, ago(problem.since));
  return [name, element("span", { class: "ds-chip ds-error" }, FAILED[problem.kind]), since];
}

function buildSection({ program }, isFirst) {
  const heading = isFirst ? element("h1", {}, "Building ", element("span", { class: "ds-name" }, program)) : "";
  const text = element("p", {}, element("span", { class: "ds-crates" }), " \u00b7 ", element("span", { "data-began": "0" }));
  const bar = element("progress", { "aria-label": "Crates that are done" });
  return element("section", { class: isFirst ? "ds-build ds-alone" : "ds-build", id: "devserver-build", "aria-label": "Build" }, heading, bar, text);
}

function updateBuild(section, build) {
  const bar = section.querySelector("progress");
  if (build.total) [bar.max, bar.value] = [build.total, Math.min(build.done, build.total)];
  else bar.removeAttribute("value");
  setText(section.querySelector(".ds-crates"), crates(build));
  section.querySelector("[data-began]").dataset.began = build.began;
}

/** The links lead to this text, where no editor is set. */
function explainEditor({ editor, problem }) {
  const footer = document.querySelector(".ds-footer");
  if (editor.kind !== "unset" || !problem || !footer || document.getElementById("no-editor")) return;
  footer.prepend(element("p", { id: "no-editor" }, ...NO_EDITOR()));
}
