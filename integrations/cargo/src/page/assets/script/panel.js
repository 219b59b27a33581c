// The panel: all of a problem, or the panics of the program. It is no modal dialog: the page stays usable.

function createPanel(update) {
  const chip = element("span", { class: "ds-chip ds-error" });
  const program = element("span", { class: "ds-program" });
  const since = element("span", { class: "ds-since" });
  const work = element("span", { class: "ds-chip ds-busy" });
  const copy = element("button", { class: "ds-button", type: "button" }, "Copy as Markdown");
  const closer = element("button", { class: "ds-close", type: "button", "aria-label": "Close", title: "Close (Esc)" }, "\u00d7");
  const actions = element("div", { class: "ds-actions" }, copy, closer);
  const bar = element("header", { class: "ds-bar" }, chip, program, since, work, actions);
  const body = element("div", { class: "ds-body" });
  const node = element("section", { class: "ds-panel", role: "dialog", tabindex: "-1" }, bar, body);
  let kind;
  let state;
  let shown;
  let before;
  node.hidden = true;

  function open(next) {
    kind = next;
    shown = undefined;
    before = document.activeElement;
    update();
    node.focus();
    window.addEventListener("keydown", onKey, true);
  }

  function close() {
    const hadFocus = node.getRootNode().activeElement;
    kind = undefined;
    window.removeEventListener("keydown", onKey, true);
    update();
    if (hadFocus && before?.isConnected) before.focus({ preventScroll: true });
  }

  const onKey = safely((event) => {
    if (event.key !== "Escape") return;
    // The page's own dialog must not close with it.
    event.preventDefault();
    event.stopPropagation();
    close();
  });

  closer.addEventListener("click", safely(close));
  copy.addEventListener("click", safely(async () => {
    await copyText(kind === "problem" ? markdown(state) : panicsAsMarkdown(state));
    setText(copy, "Copied");
    setTimeout(() => setText(copy, "Copy as Markdown"), 1500);
  }));

  /** What is left to show of this kind. */
  function content() {
    if (kind === "problem") return state.problem;
    return kind === "panics" && state.panics.length > 0 ? state.panics : undefined;
  }

  function show(next) {
    state = next;
    const what = content();
    if (kind && !what) {
      // It is mended.
      close();
      return;
    }
    node.hidden = !kind;
    if (!kind) return;
    setText(program, state.program);
    setText(chip, kind === "problem" ? FAILED[what.kind] : "Panicked");
    since.dataset.since = kind === "problem" ? what.since : what.at(-1).at;
    setText(work, state.build ? `Building ${state.build.total ? crates(state.build) : ""}`.trim() : "Starting");
    work.hidden = !state.build && !state.is_starting;
    const key = JSON.stringify([kind, what, state.editor, Boolean(state.boot)]);
    if (key === shown) return;
    shown = key;
    fill(what);
  }

  function fill(what) {
    const hadFocus = body.contains(node.getRootNode().activeElement);
    const { scrollTop } = body;
    node.setAttribute("aria-label", kind === "problem" ? `${FAILED[what.kind]}: ${what.title}` : "Panics");
    body.replaceChildren(...(kind === "problem" ? problemBody(state) : panicsBody(state)));
    body.scrollTop = scrollTop;
    if (hadFocus) node.focus();
  }

  return { node, open, show, isOpen: () => kind !== undefined };
}

function problemHeading(problem) {
  const code = firstError(problem)?.code;
  return element("h1", {}, ...(code ? [element("code", { class: "ds-code" }, visible(code)), " "] : []),
    visible(problem.title));
}

function problemBody({ problem, editor, boot, program }) {
  const parts = [problemHeading(problem), ...problemParts(problem, editor)];
  if (boot) parts.push(note(`This page is from the last good build of ${program}, which still serves.`));
  return parts;
}

function panicsBody({ panics, editor, program }) {
  const newestFirst = [...panics].reverse();
  const heading = newestFirst[0].message;
  return [
    element("h1", {}, visible(heading)),
    ...newestFirst.map((panic) => panicCard(panic, heading, editor)),
    note(`${program} runs on. The whole output is in the terminal.`),
  ];
}

function panicsAsMarkdown({ panics, program }) {
  const problem = { title: panics.at(-1).message, diagnostics: [], text: "", kind: "crash" };
  return panics.map((panic) => markdown({ problem: { ...problem, panic }, program, warnings: 0 })).join("\n");
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS, an address other than localhost has no clipboard.
    const area = element("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
