// Style sheets, loaded again without the page: the old one stays until the new one is there.

let styleNumber = 0;

/** Loads all style sheets of this origin again. Returns whether there are any. */
async function reloadStyles() {
  styleNumber += 1;
  const roots = documents().flatMap(rootsIn);
  const sheets = roots.flatMap((root) => [...root.querySelectorAll("link[rel~=stylesheet][href], style")]);
  const owners = sheets.filter(isReloadable);
  // What a sheet imports has no address that can be changed: the browser's copy is renewed instead.
  const imported = new Set(owners.flatMap((owner) => importsOf(owner.sheet)));
  const renew = (url) => fetch(url, { cache: "reload" }).catch(() => undefined);
  await Promise.all([...imported].map(renew));
  for (const owner of owners) replaceSheet(owner);
  return owners.length > 0;
}

function rootsIn(root) {
  const shadows = [...root.querySelectorAll("*")].map(({ shadowRoot }) => shadowRoot).filter(Boolean);
  return [root, ...shadows.flatMap(rootsIn)];
}

function isOfThisOrigin(url) {
  return new URL(url, location.href).origin === location.origin;
}

function isReloadable(owner) {
  if (owner.localName === "style") return importsOf(owner.sheet).length > 0;
  // One that is disabled is loaded when it is enabled.
  return isOfThisOrigin(owner.href) && !owner.disabled && !isLeaving.has(owner);
}

/** Sheets that a newer one is about to replace. */
const isLeaving = new WeakSet();

function importsOf(sheet) {
  try {
    return [...(sheet?.cssRules ?? [])]
      .filter((rule) => rule instanceof CSSImportRule || rule.constructor.name === "CSSImportRule")
      .filter(({ styleSheet }) => styleSheet?.href && isOfThisOrigin(styleSheet.href))
      .flatMap(({ styleSheet }) => [styleSheet.href, ...importsOf(styleSheet)]);
  } catch {
    // A sheet of another origin, or one that has not loaded.
    return [];
  }
}

function replaceSheet(owner) {
  const next = owner.cloneNode(true);
  // The clone of an element with a nonce has it in some browsers only.
  if (owner.nonce) next.nonce = owner.nonce;
  if (owner.localName === "link") {
    const url = new URL(owner.href, location.href);
    url.searchParams.set("devserver", `${Date.now()}-${styleNumber}`);
    // The hash was that of the old content.
    next.removeAttribute("integrity");
    next.href = url.href;
    isLeaving.add(owner);
  }
  const remove = () => owner.remove();
  next.addEventListener("load", remove, { once: true });
  next.addEventListener("error", () => {
    isLeaving.delete(owner);
    next.remove();
  }, { once: true });
  owner.after(next);
}
