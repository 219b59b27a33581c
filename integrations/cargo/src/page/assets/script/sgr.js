// Text with the colors of a terminal (SGR, ECMA-48 section 8.3.117): each color becomes a class, and
// nothing else of it becomes markup. Colors beyond the 16 of every terminal are left out.

const COLORS = ["gray", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const SGR = /\x1b\[([0-9;]*)m/;

/** The text as nodes. */
function colored(text) {
  const nodes = [];
  let look = { isBold: false, color: undefined };
  text.split(SGR).forEach((part, index) => {
    if (index % 2 === 1) look = lookAfter(look, part);
    else if (part) nodes.push(run(look, visible(part)));
  });
  return nodes;
}

function plain(text) {
  return text.split(SGR).filter((_, index) => index % 2 === 0).map(visible).join("");
}

function run({ isBold, color }, text) {
  const classes = [isBold && "sgr-bold", color && `sgr-${color}`].filter(Boolean);
  return classes.length > 0 ? element("span", { class: classes.join(" ") }, text) : text;
}

function lookAfter(look, parameters) {
  const numbers = parameters.split(";").map(Number);
  let { isBold, color } = look;
  for (let index = 0; index < numbers.length; index += 1) {
    const number = numbers[index];
    if (number === 0) [isBold, color] = [false, undefined];
    else if (number === 1) isBold = true;
    else if (number === 22) isBold = false;
    else if (number === 39) color = undefined;
    else if (number >= 30 && number <= 37) color = COLORS[number - 30];
    else if (number >= 90 && number <= 97) color = COLORS[number - 90];
    else if (number === 38 || number === 48) {
      const isIndexed = numbers[index + 1] === 5;
      if (number === 38) color = isIndexed ? indexed(numbers[index + 2]) : undefined;
      index += isIndexed ? 2 : 4;
    }
  }
  return { isBold, color };
}

function indexed(number) {
  return number < 16 ? COLORS[number % 8] : undefined;
}

/** Control characters as pictures of themselves; what turns the order of text around is taken out. */
function visible(text) {
  return text
    .replace(/[\0-\x08\x0b-\x1f]/g, (found) => String.fromCharCode(0x2400 + found.charCodeAt(0)))
    .replace(/\x7f/g, "\u2421")
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
