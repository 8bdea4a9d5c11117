// Tables that can be sorted and filtered, charts that can be filtered. The page says the same without.
const scales = { ns: 1, "µs": 1e3, ms: 1e6, s: 1e9, k: 1e3, M: 1e6, G: 1e9, KiB: 1024, MiB: 1048576, GiB: 1073741824 };

function numberIn(text) {
  const number = text.replaceAll(",", "").match(/^-?[\d.]+(e-?\d+)?/);
  const unit = text.match(/(ns|µs|ms|s|k|M|G|KiB|MiB|GiB)\b/);
  return number ? Number(number[0]) * (unit ? scales[unit[0]] : 1) : NaN;
}

// Cells that span rows stand in every one of them from now on, and all rows in one group.
function flatten(table) {
  for (const body of [...table.tBodies]) {
    [...body.rows].forEach((row, index, rows) => {
      for (const cell of [...row.cells]) {
        const span = cell.rowSpan;
        const column = cell.cellIndex;
        cell.rowSpan = 1;
        if (cell.scope === "rowgroup") cell.scope = "row";
        for (const below of rows.slice(index + 1, index + span)) {
          below.insertBefore(cell.cloneNode(true), below.cells[column] ?? null);
        }
      }
    });
    if (body !== table.tBodies[0]) {
      table.tBodies[0].append(...body.rows);
      body.remove();
    }
  }
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const text = (row, column) => (row.cells[column] ? row.cells[column].textContent.trim() : "");
  heads.forEach((head, column) => {
    head.setAttribute("aria-sort", "none");
    head.tabIndex = 0;
    const sort = () => {
      flatten(table);
      const rows = [...table.tBodies[0].rows];
      const rising = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      rows.sort((a, b) => {
        const [x, y] = [text(a, column), text(b, column)];
        const [p, q] = [numberIn(x), numberIn(y)];
        const order = Number.isNaN(p) || Number.isNaN(q) ? x.localeCompare(y) : p - q;
        return rising ? order : -order;
      });
      table.tBodies[0].append(...rows);
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sort();
    });
  });
}

// A field that shows and hides parts by the words they have; `parts` is asked each time.
function filter(name, before, parts, words) {
  const label = document.createElement("label");
  label.className = "filter";
  label.textContent = name;
  const input = document.createElement("input");
  input.type = "search";
  label.append(input);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().split(/\s+/);
    for (const part of parts()) part.hidden = !wanted.every((word) => words(part).toLowerCase().includes(word));
  });
  before.before(label);
}

// Groups of rows, where a table has several, are shown and hidden as a whole.
function filterable(table) {
  const parts = () => (table.tBodies.length > 1 ? [...table.tBodies] : [...table.tBodies[0].rows]);
  if (parts().length < 5) return;
  filter("Rows with", table.closest(".box"), parts, (part) => part.textContent);
}

for (const table of document.querySelectorAll("table.data")) {
  if (table.tBodies.length === 0) continue;
  sortable(table);
  filterable(table);
}

const charts = [...document.querySelectorAll(".charts figure, .charts h3")];
if (charts.length > 5) {
  // A heading stays while one of its charts does.
  const words = (part) => {
    if (part.localName === "figure") return part.dataset.words;
    let all = part.textContent;
    for (let next = part.nextElementSibling; next?.localName === "figure"; next = next.nextElementSibling) {
      all += ` ${next.dataset.words}`;
    }
    return all;
  };
  filter("Charts with", charts[0], () => charts, words);
}

// Folded parts are read on paper; browsers without ::details-content need them open.
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not(.data)")) part.open = true;
});
