// What a reload of ours must not take from the person: where they were, and what they have typed.
// It is kept in this tab, for the same address, and given back once. Passwords and files are not kept.

const MAX_KEPT = 500_000;
/** When to give back: parts of the page may be made by scripts of its own. */
const RESTORE_AFTER = [0, 100, 400, 1200];
const NOT_KEPT = ["password", "file", "hidden", "submit", "button", "image", "reset"];
const SECRET = /current-password|new-password|one-time-code|^cc-/;

function keepPage() {
  const kept = {
    url: location.href,
    at: Date.now(),
    scroll: [window.scrollX, window.scrollY],
    boxes: [...document.querySelectorAll("[id]")]
      .filter((box) => box.scrollTop > 0 || box.scrollLeft > 0)
      .map((box) => [box.id, box.scrollLeft, box.scrollTop]),
    fields: [...fieldsByKey()]
      .filter(([, field]) => isChanged(field))
      .map(([key, field]) => [key, valueOf(field)]),
    focus: focusOf(document.activeElement),
  };
  memory.write("kept", JSON.stringify(kept).length < MAX_KEPT ? kept : { ...kept, fields: [] });
}

function restorePage() {
  const kept = memory.read("kept");
  memory.write("kept", null);
  if (!kept || kept.url !== location.href || Date.now() - kept.at > 60_000) return;
  const touched = new Set();
  let hasMoved = false;
  const touch = (event) => event.isTrusted && touched.add(event.target);
  const move = (event) => {
    hasMoved ||= event.isTrusted;
  };
  const moves = ["wheel", "touchmove", "pointerdown", "keydown"];
  window.addEventListener("input", touch, true);
  for (const kind of moves) window.addEventListener(kind, move, { capture: true, passive: true });
  const restore = safely(() => {
    restoreFields(kept, touched);
    if (hasMoved) return;
    restoreFocus(kept);
    restoreScroll(kept);
  });
  const end = safely(() => {
    window.removeEventListener("input", touch, true);
    for (const kind of moves) window.removeEventListener(kind, move, { capture: true });
  });
  const begin = () => {
    for (const delay of RESTORE_AFTER) setTimeout(restore, delay);
    setTimeout(end, RESTORE_AFTER.at(-1) + 100);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
  window.addEventListener("load", restore);
}

/** The fields of the page. The key of each is the same in the page that comes after a reload. */
function fieldsByKey() {
  const fields = new Map();
  const forms = [...document.forms];
  const times = new Map();
  for (const field of document.querySelectorAll("input, textarea, select")) {
    if (!isKept(field)) continue;
    const name = field.id ? `#${field.id}` : `${forms.indexOf(field.form)} ${field.name}`;
    const value = isCheckable(field) ? ` ${field.value}` : "";
    const key = `${field.localName} ${field.type} ${name}${value}`;
    const number = times.get(key) ?? 0;
    times.set(key, number + 1);
    fields.set(`${key} ${number}`, field);
  }
  return fields;
}

function isKept(field) {
  if (NOT_KEPT.includes(field.type) || field.disabled) return false;
  // A password that is being shown is text to the browser.
  return !SECRET.test(field.autocomplete) && !/passw|pass-?phrase|secret|token/i.test(`${field.name} ${field.id}`);
}

function isCheckable(field) {
  return field.type === "checkbox" || field.type === "radio";
}

function isChanged(field) {
  if (isCheckable(field)) return field.checked !== field.defaultChecked;
  if (field.localName === "select") {
    return [...field.options].some((option) => option.selected !== option.defaultSelected);
  }
  return field.value !== field.defaultValue;
}

function valueOf(field) {
  if (isCheckable(field)) return field.checked;
  if (field.localName !== "select") return field.value;
  return [...field.selectedOptions].map((option) => option.value);
}

function setValue(field, value) {
  if (isCheckable(field)) field.checked = value;
  else if (field.localName !== "select") field.value = value;
  else for (const option of field.options) option.selected = value.includes(option.value);
}

/** No events are sent: the person has typed it once, and the page has acted on it then. */
function restoreFields(kept, touched) {
  if (kept.fields.length === 0) return;
  const fields = fieldsByKey();
  kept.fields = kept.fields.filter(([key, value]) => {
    const field = fields.get(key);
    if (!field) return true;
    if (!touched.has(field)) setValue(field, value);
    return false;
  });
}

function focusOf(focused) {
  if (!focused || focused === document.body) return null;
  const key = [...fieldsByKey()].find(([, field]) => field === focused)?.[0];
  if (!key && !focused.id) return null;
  let selection = null;
  try {
    const { selectionStart: start, selectionEnd: end, selectionDirection: direction } = focused;
    if (typeof start === "number") selection = [start, end, direction];
  } catch {
    // Fields of some types have no selection.
  }
  return { key, id: focused.id, selection };
}

function restoreFocus(kept) {
  if (!kept.focus) return;
  const { key, id, selection } = kept.focus;
  const target = (key && fieldsByKey().get(key)) || (id && document.getElementById(id));
  const { activeElement } = document;
  const isFree = !activeElement || activeElement === document.body || activeElement.autofocus;
  if (!target || !(isFree || activeElement === target)) return;
  kept.focus = null;
  target.focus({ preventScroll: true });
  if (selection) target.setSelectionRange?.(...selection);
}

function restoreScroll(kept) {
  const [x, y] = kept.scroll;
  if (window.scrollX !== x || window.scrollY !== y) {
    window.scrollTo({ left: x, top: y, behavior: "instant" });
  }
  for (const [id, left, top] of kept.boxes) {
    document.getElementById(id)?.scrollTo({ left, top, behavior: "instant" });
  }
}
