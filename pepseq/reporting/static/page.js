"use strict";
(() => {
const make = (name, kind, text) => {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  if (text !== undefined) element.textContent = text;
  return element;
};
const words = new Intl.Collator("en", { numeric: true });
const compare = (a, b) =>
  typeof a === "number" && typeof b === "number" ? a - b : words.compare(String(a), String(b));
const sorted = (items, value, down) => {
  const keyed = items.map((item, at) => [value(item), at, item]);
  const none = (key) => key === null || key === "";
  keyed.sort((a, b) =>
    none(a[0]) || none(b[0]) ? none(a[0]) - none(b[0]) || a[1] - b[1]
      : (down ? compare(b[0], a[0]) : compare(a[0], b[0])) || a[1] - b[1]);
  return keyed.map((key) => key[2]);
};
const sortable = (table, sort) => {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = make("button", "", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(column, down);
    });
  });
};
const significant = (value) => {
  const size = Math.abs(value);
  return size >= 100 || !size ? Math.round(value).toLocaleString("en")
    : size >= 0.001 ? value.toPrecision(3) : value.toExponential(2);
};
const cellValue = (cell) => {
  const text = cell.textContent.trim();
  if (text === "–") return null;
  const plain = text.replace(/,/g, "");
  return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : text;
};
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  sortable(table, (column, down) =>
    body.append(...sorted([...body.rows], (row) => cellValue(row.cells[column]), down)));
}
const hintAtScrolling = (wide) => {
  const scrolls = wide.scrollWidth > wide.clientWidth;
  const hint = wide.previousElementSibling;
  if (hint?.className === "scrolls") hint.hidden = !scrolls;
  else if (scrolls) {
    wide.before(make("p", "scrolls", "More columns: scroll the table to the right →"));
    wide.setAttribute("role", "region");
    wide.setAttribute("aria-label", wide.querySelector("caption").textContent);
  }
  scrolls ? (wide.tabIndex = 0) : wide.removeAttribute("tabindex");
};
const hintAtAll = () => document.querySelectorAll(".wide").forEach(hintAtScrolling);
addEventListener("resize", hintAtAll);
document.addEventListener("toggle", hintAtAll, true);

const BLOCK = 10, CHUNK = 600, STEP = 50, LISTED = 40;
const band = (digit) =>
  digit === "*" ? "o" : digit < "3" ? "c0" : digit < "6" ? "c1" : digit < "9" ? "c2" : "c3";
const errorsOf = (code) => {
  const wrong = new Map();
  let at = 0;
  for (const [, skip, truth] of (code ?? "").matchAll(/(\d+)([A-Z])/g)) {
    at += Number(skip);
    wrong.set(at, truth);
    at += 1;
  }
  return wrong;
};
const drawBlock = (residues, digits, wrong, start) => {
  const block = make("span"), letters = make("b");
  let below = "", last = null, span = null;
  for (let at = start; at < Math.min(start + BLOCK, residues.length); at++) {
    const truth = wrong.get(at);
    const kind = band(digits[at]) + (truth ? " w" : "");
    if (kind !== last) letters.append((span = make("span", (last = kind), "")));
    span.textContent += residues[at];
    below += truth ?? " ";
  }
  const confidence = digits.slice(start, start + BLOCK).replaceAll("*", "•");
  block.append(make("i", "", start + 1), letters, make("u", "", confidence));
  if (below.trim()) block.append(make("em", "", below.trimEnd()));
  return block;
};
const drawSequence = (residues, digits, wrong) => {
  const all = make("div", "seq");
  all.setAttribute("aria-hidden", "true");
  for (let from = 0; from < residues.length; from += CHUNK) {
    const chunk = make("div", "chunk");
    for (let at = from; at < Math.min(from + CHUNK, residues.length); at += BLOCK)
      chunk.append(drawBlock(residues, digits, wrong, at), " ");
    all.append(chunk);
  }
  return all;
};
const drawWords = (id, residues, digits, code, wrong) => {
  const hidden = digits.replaceAll("*", "").length;
  const [all, blank] = [residues.length, hidden].map((count) => count.toLocaleString("en"));
  let said = `${all} residues, ${blank} of them hidden.`;
  const listed = [...wrong].slice(0, LISTED)
    .map(([at, truth]) => `${at + 1} ${residues[at]} (true ${truth})`).join(", ");
  if (code !== null && !wrong.size) said += " None is wrong.";
  if (wrong.size > LISTED) said += ` Wrong: ${listed} and ${wrong.size - LISTED} more.`;
  else if (wrong.size) said += ` Wrong: ${listed}.`;
  const text = make("details");
  const pre = make("pre", "", `>${id}\n${residues.match(/.{1,60}/g).join("\n")}`);
  pre.tabIndex = 0;
  text.append(make("summary", "", "As text"), make("p", "", said), pre);
  return text;
};
const drawTemplates = (taken, names) => {
  if (!taken.length)
    return make("p", "", "No residue was taken from a template: all weights are below 0.5.");
  const list = make("ul");
  for (const [name, residues, first, last] of taken) {
    const item = make("li");
    item.append(make("bdi", "id", names[name]),
      `: ${residues.toLocaleString("en")} hidden residues taken, between ${first} and ${last}`);
    list.append(item);
  }
  return list;
};
const drawProtein = ([id, residues, digits, code, taken], names, columns) => {
  const wrong = errorsOf(code);
  const row = make("tr", "opened"), cell = make("td"), inside = make("div", "inside");
  cell.colSpan = columns;
  inside.append(drawSequence(residues, digits, wrong), drawTemplates(taken, names),
    drawWords(id, residues, digits, code, wrong));
  cell.append(inside);
  row.append(cell);
  return row;
};

const startList = (list) => {
  const data = JSON.parse(document.getElementById(list.dataset.from).textContent);
  const table = list.querySelector("table"), body = table.tBodies[0];
  const printed = list.querySelector(".printed");
  const search = list.querySelector("input"), said = list.querySelector(".said");
  const tools = [list.querySelector(".tools"), list.parentElement.querySelector(":scope > .tools")];
  const more = tools[1].querySelector("button");
  const opened = new Set();
  const valuesOf = (protein) => {
    const [id, residues, digits, , taken, cells] = protein;
    const template = taken.length ? data.templates[taken[0][0]] : null;
    return [id, residues.length, digits.replaceAll("*", "").length, ...cells, template];
  };
  const all = data.proteins?.map((protein) => ({ protein, values: valuesOf(protein) }))
    ?? data.rows.map((values) => ({ values }));
  let found = all, order = null, limit = STEP;
  const shown = (value, kind) =>
    value === null || value === "" ? "–" : typeof value !== "number" ? value
      : kind === "significant" ? significant(value)
      : kind ? value.toFixed(kind) : value.toLocaleString("en");
  const fill = (cell, value, kind) => {
    if (typeof kind === "number" || kind === "significant") cell.className = "n";
    if ((kind === "id" || kind === "long") && value) {
      const text = make("bdi", kind, value);
      if (kind === "long") text.title = value;
      cell.append(text);
    } else cell.textContent = shown(value, kind);
    return cell;
  };
  const drawHead = (item, row) => {
    const head = make("th"), open = make("button", "open");
    head.scope = "row";
    if (!item.protein) return fill(head, item.values[0], data.columns[0][1]);
    open.type = "button";
    open.append(make("bdi", "", item.values[0]));
    open.setAttribute("aria-expanded", opened.has(item));
    open.addEventListener("click", () => {
      const on = !opened.has(item);
      on ? opened.add(item) : opened.delete(item);
      open.setAttribute("aria-expanded", on);
      on ? row.after(drawProtein(item.protein, data.templates, data.columns.length))
        : row.nextElementSibling.remove();
    });
    head.append(open);
    return head;
  };
  const drawRow = (item) => {
    const row = make("tr");
    row.append(drawHead(item, row), ...item.values.slice(1)
      .map((value, at) => fill(make("td"), value, data.columns[at + 1][1])));
    return row;
  };
  const draw = () => {
    const rows = found.slice(0, limit).flatMap((item) => opened.has(item)
      ? [drawRow(item), drawProtein(item.protein, data.templates, data.columns.length)]
      : [drawRow(item)]);
    body.replaceChildren(...rows);
    const count = Math.min(limit, found.length).toLocaleString("en");
    said.textContent = `${count} of ${found.length.toLocaleString("en")} shown`;
    printed.textContent = limit < found.length || found.length < all.length
      ? `${count} of ${all.length.toLocaleString("en")} ${list.dataset.noun}; the page on a screen has all.`
      : "";
    tools[1].hidden = found.length <= limit;
  };
  const refresh = () => {
    const wanted = search.value.trim().toLowerCase();
    found = all.filter(({ values }) => !wanted || values.some((value) =>
      typeof value === "string" && value.toLowerCase().includes(wanted)));
    if (order) found = sorted(found, ({ values }) => values[order[0]], order[1]);
    limit = STEP;
    draw();
  };
  search.addEventListener("input", refresh);
  more.addEventListener("click", () => { limit += 10 * STEP; draw(); });
  sortable(table, (column, down) => { order = [column, down]; refresh(); });
  tools[0].hidden = false;
  draw();
};
document.querySelectorAll(".list").forEach(startList);
hintAtAll();
})();
