// Pages inside of pages: only the outermost document of this origin acts, for all inside of it.

/** Whether a document around this one has this script, too. */
function isInsideAnother() {
  for (let frame = window; frame !== frame.parent; ) {
    frame = frame.parent;
    try {
      // The tag counts and not a running script: tags around this page were there before it.
      if (frame.document.querySelector(`script[data-boot][src]`)?.src === tag.src) return true;
    } catch {
      // A document of another origin. One of ours may be around that.
    }
  }
  return false;
}

/** This document, and those of this origin in its frames. */
function documents(of = window) {
  const found = [];
  try {
    found.push(of.document);
    for (let index = 0; index < of.frames.length; index += 1) {
      found.push(...documents(of.frames[index]));
    }
  } catch {
    // A document of another origin.
  }
  return found;
}
