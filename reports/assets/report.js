// Tables that can be sorted and filtered. The page says the same without this.
const scales = { ns: 1, "µs": 1e3, ms: 1e6, s: 1e9, k: 1e3, M: 1e6, G: 1e9, KiB: 1024, MiB: 1048576, GiB: 1073741824 };

function numberIn(text) {
  const number = text.replaceAll(",", "").match(/^-?[\d.]+(e-?\d+)?/);
  const unit = text.match(/(ns|µs|ms|s|k|M|G|KiB|MiB|GiB)\b/);
  return number ? Number(number[0]) * (unit ? scales[unit[0]] : 1) : NaN;
}

function sortable(table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const text = (row, column) => (row.cells[column] ? row.cells[column].textContent.trim() : "");
  heads.forEach((head, column) => {
    head.setAttribute("aria-sort", "none");
    head.tabIndex = 0;
    const sort = () => {
      const rising = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      rows.sort((a, b) => {
        const [x, y] = [text(a, column), text(b, column)];
        const [p, q] = [numberIn(x), numberIn(y)];
        const order = Number.isNaN(p) || Number.isNaN(q) ? x.localeCompare(y) : p - q;
        return rising ? order : -order;
      });
      body.append(...rows);
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sort();
    });
  });
}

// Groups of rows, where a table has several, are shown and hidden as a whole.
function filterable(table) {
  const parts = table.tBodies.length > 1 ? [...table.tBodies] : [...table.tBodies[0].rows];
  if (parts.length < 5) return;
  const label = document.createElement("label");
  label.className = "filter";
  label.textContent = "Rows with";
  const input = document.createElement("input");
  input.type = "search";
  label.append(input);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const part of parts) part.hidden = !part.textContent.toLowerCase().includes(wanted);
  });
  table.closest(".box").before(label);
}

for (const table of document.querySelectorAll("table.data")) {
  if (table.tBodies.length === 1 && !table.querySelector("[rowspan]")) sortable(table);
  if (table.tBodies.length > 0) filterable(table);
}
