// The parts of a problem, as the page of cargo devserver has them, too: the same elements and classes
// as in ../../document/.

const FAILED = {
  build: "Build failed",
  crash: "Crashed",
  "never-ready": "Not ready",
  environment: "Bad environment",
};

function placeText({ file, line, column }) {
  return `${file}:${line}:${column}`;
}

/** A place in a source file, as a link that opens the editor. */
function placeLink(place, editor) {
  const link = element("a", { class: "ds-place", href: editorUrl(place, editor) }, placeText(place));
  link.title = editor.kind === "unset" ? "How to open this in your editor" : "Open in your editor";
  link.addEventListener("click", safely((event) => openPlace(event, link, place, editor)));
  return link;
}

function openPlace(event, link, place, editor) {
  if (editor.kind === "url") return;
  event.preventDefault();
  if (editor.kind === "command") openByCommand(place, link);
  else explain(link, NO_EDITOR());
}

function editorUrl({ path, line, column }, editor) {
  if (editor.kind !== "url") return editor.kind === "unset" ? "#no-editor" : "#";
  const values = { path: encodedPath(path), line, column };
  const url = editor.template.replace(/\{(path|line|column)\}/g, (_, name) => values[name]);
  return /^\s*(javascript|data|vbscript|blob):/i.test(url) ? "#" : url;
}

/** The path for a URL. One of Windows has a slash before the drive's letter. */
function encodedPath(path) {
  const drive = /^[A-Za-z]:(?=[\\/])/.exec(path)?.[0];
  const isOfWindows = drive || path.startsWith("\\\\");
  const rest = path.slice(drive?.length ?? 0);
  const parts = (isOfWindows ? rest.replaceAll("\\", "/") : rest).split("/");
  return (drive ? `/${drive}` : "") + parts.map(encodeURIComponent).join("/");
}

const NO_EDITOR = () => [
  "No editor is set. Start ",
  element("code", {}, "cargo devserver --editor vscode"),
  " (or ",
  element("code", {}, "zed"),
  ", ",
  element("code", {}, "rustrover"),
  ", a command), and these links open the file.",
];

/** Shows a note below the link, or takes it away again. */
function explain(link, content) {
  const box = link.closest(".ds-card, .ds-pill, .ds-note") ?? link;
  const shown = box.parentNode.querySelector(".ds-explained");
  shown?.remove();
  if (shown?.previousSibling === box) return;
  const explanation = element("p", { class: "ds-hint ds-explained", role: "status" }, ...content);
  box.after(explanation);
  // In the corner it would cover the page.
  if (box.matches(".ds-pill")) setTimeout(() => explanation.remove(), 8000);
}

async function openByCommand({ path, line, column }, link) {
  const query = new URLSearchParams({ path, line, column });
  const response = await control(`open?${query}`);
  if (!response.ok) explain(link, [(await response.text()).trim() || "The editor does not open."]);
}

/** A request that changes something: it carries a token, which no other origin can read. */
async function control(path) {
  const { token } = await (await fetch(`${base}token`, { cache: "no-store" })).json();
  return fetch(base + path, { method: "POST", headers: { "X-Devserver-Token": token } });
}

/** The first error, which stands for all of them. */
function firstError(problem) {
  return problem.diagnostics.find(({ level }) => level === "error");
}

/** A problem as a whole, without its title. */
function problemParts(problem, editor) {
  const { diagnostics, errors, hint, kind, panic, text, title } = problem;
  const of = (level) => diagnostics.filter((diagnostic) => diagnostic.level === level);
  const card = (diagnostic) => diagnosticCard(diagnostic, editor);
  const [shown, warnings] = [of("error"), of("warning")];
  const left = errors - shown.length;
  const isAfterRun = kind === "crash" || kind === "never-ready";
  return [
    panic && panicCard(panic, title, editor),
    hint && element("p", { class: "ds-hint" }, visible(hint)),
    errors > 1 && element("h2", {}, `${errors} errors`),
    ...shown.map(card),
    shown.length > 0 && left > 0 && note(`${left} more are shown in the terminal.`),
    warnings.length > 0 && more(count(warnings.length, "warning"), ...warnings.map(card)),
    ...(diagnostics.length === 0
      ? output(isAfterRun ? "Last output" : "Messages", text)
      : [text.trim() && more("All of cargo's output", textCard(text))]),
  ].filter(Boolean);
}

function diagnosticCard({ level, place, rendered }, editor) {
  const header = place && element("header", {}, placeLink(place, editor));
  const text = element("pre", { tabindex: "0" }, ...colored(rendered.trimEnd()));
  return element("article", { class: `ds-card ds-is-${level}` }, header ?? "", text);
}

/** A panic below a heading, which may be its message. */
function panicCard({ frame, message, place, thread }, heading, editor) {
  const [own, at] = frame ?? [];
  const header = element("header");
  const first = at ?? place;
  if (first) header.append(placeLink(first, editor));
  if (own) header.append(element("span", {}, "in ", element("code", {}, visible(own))));
  header.append(element("span", { class: "ds-aside" }, "thread ", element("code", {}, visible(thread))));
  const card = element("section", { class: "ds-card ds-panic", "aria-label": "Panic" }, header);
  if (message.trim() !== heading.trim()) card.append(element("pre", { tabindex: "0" }, visible(message)));
  if (at && place && placeText(at) !== placeText(place)) {
    card.append(note("It says it has panicked at ", placeLink(place, editor), "."));
  }
  return card;
}

function note(...children) {
  return element("p", { class: "ds-note" }, ...children);
}

function more(summary, ...children) {
  return element("details", { class: "ds-more" }, element("summary", {}, summary), ...children);
}

function textCard(text) {
  return element("div", { class: "ds-card" }, element("pre", { tabindex: "0" }, ...colored(text.replace(/^\n+/, "").trimEnd())));
}

function output(title, text) {
  if (!text.trim()) return [];
  return [element("section", { class: "ds-output" }, element("h2", {}, title), textCard(text))];
}

/** What the build has done so far, such as `34 of 120 crates`. */
function crates({ done, total }) {
  if (total) return `${Math.min(done, total)} of ${count(total, "crate")}`;
  return done > 0 ? count(done, "crate") : "Building";
}

/** Keeps the times in a document or shadow root right. */
function tickTimes(root) {
  for (const node of root.querySelectorAll("[data-since]")) setText(node, ago(Number(node.dataset.since)));
  for (const node of root.querySelectorAll("[data-began]")) {
    setText(node, duration(Date.now() - Number(node.dataset.began)));
  }
}

/** A problem as Markdown, to be pasted into an issue or a chat. */
function markdown({ problem, program, warnings }) {
  const lines = [`**${FAILED[problem.kind]}: ${problem.title}** (\`${program}\`)`];
  const { panic } = problem;
  if (panic) {
    const at = panic.frame?.[1] ?? panic.place;
    lines.push(`thread \`${panic.thread}\`${at ? ` at \`${placeText(at)}\`` : ""}`, fenced(panic.message));
  }
  for (const diagnostic of problem.diagnostics.filter(({ level }) => level === "error")) {
    if (diagnostic.place) lines.push(`\`${placeText(diagnostic.place)}\``);
    lines.push(fenced(diagnostic.rendered));
  }
  if (problem.diagnostics.length === 0 && problem.text.trim()) lines.push(fenced(problem.text));
  if (warnings > 0) lines.push(count(warnings, "warning"));
  return `${lines.join("\n\n")}\n`;
}

/** Text in a fence that is longer than any in it. */
function fenced(text) {
  const content = plain(text).trimEnd();
  const longest = Math.max(2, ...(content.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${content}\n${fence}`;
}
