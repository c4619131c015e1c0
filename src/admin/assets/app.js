const main = document.getElementById("main");
const summary = await (await fetch("/api/v1/summary")).json();
main.textContent = summary.statement;
