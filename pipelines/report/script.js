"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const body = table.tBodies[0], rows = [...body.rows];
    const numeric = rows.some((row) => row.cells[column].dataset.v !== undefined);
    // numbers start with the largest, words with the first
    const first = numeric ? "descending" : "ascending";
    const was = head.getAttribute("aria-sort");
    const order = was === null ? first : was === "ascending" ? "descending" : "ascending";
    const key = (row) => numeric ? Number(row.cells[column].dataset.v ?? -Infinity) : row.cells[column].textContent;
    const compare = (a, b) => numeric ? key(a) - key(b) : key(a).localeCompare(key(b));
    rows.sort((a, b) => order === "ascending" ? compare(a, b) : compare(b, a));
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    body.append(...rows);
  }));
}
for (const field of document.querySelectorAll("[data-filter]")) {
  const rows = document.getElementById(field.dataset.filter).tBodies[0].rows;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
}
const menu = document.getElementById("signal-language");
if (menu) {
  const data = JSON.parse(document.getElementById("signal-data").textContent);
  const draw = () => {
    for (const figure of document.querySelectorAll("[data-signal]")) {
      const [bars, lines, left, right, words] = data.signals[figure.dataset.signal][menu.value];
      figure.querySelector(".bars").setAttribute("d", bars);
      figure.querySelector(".lines").setAttribute("d", lines);
      figure.querySelector(".left").setAttribute("width", left);
      figure.querySelector(".right").setAttribute("x", right);
      figure.querySelector(".right").setAttribute("width", 240 - right);
      figure.querySelector("p").textContent = words;
    }
  };
  menu.addEventListener("change", draw);
  draw();
}
