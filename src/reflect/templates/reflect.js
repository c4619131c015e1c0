(function () {
  "use strict";
  function at(id) { return document.getElementById(id); }
  function add(parent, name, text) {
    var child = document.createElement(name);
    child.textContent = text;
    parent.appendChild(child);
    return child;
  }
  var styles = { identified: ["bad", "✗"], added: ["bad", "✗"], changed: ["bad", "✗"], clean: ["good", "✓"], sealed: ["good", "✓"] };
  function tell(verdict) {
    var style = styles[verdict.kind] || ["wait", "…"];
    var heading = at("verdict");
    heading.className = style[0];
    heading.textContent = "";
    add(heading, "span", style[1]).className = "sign";
    heading.appendChild(document.createTextNode(" " + verdict.sentence));
    at("shows").textContent = verdict.shows;
    at("limits").textContent = verdict.does_not_show;
  }
  function list(box, title, fields) {
    if (!fields.length) { return; }
    add(box, "h3", title);
    var lines = add(box, "ul", "");
    lines.className = "wire";
    fields.forEach(function (field) { add(lines, "li", field[0] + ": " + field[1]).className = "hit"; });
  }
  function compare(box) {
    fetch(box.getAttribute("data-url"), { cache: "no-store", credentials: "omit" }).then(function (answer) {
      return answer.json();
    }).then(function (seen) {
      var found = seen.comparisons.filter(function (it) { return it.between[0] === "cleartext" && it.between[1] === "tls"; })[0];
      if (!found) { throw new Error("not compared"); }
      tell(found.verdict);
      box.textContent = "";
      add(box, "p", "Compared with the same request inside HTTPS.");
      list(box, "Added on the way", found.added);
      list(box, "Taken away on the way", found.removed);
      list(box, "Changed on the way", found.changed.map(function (both) { return [both[0][0], both[0][1] + "  (HTTPS: " + both[1][1] + ")"]; }));
      if (found.reordered) { add(box, "p", "The order of the fields was changed on the way."); }
      if (found.by_browser.length) {
        add(box, "p", "Different because the browser makes them so: " + found.by_browser.join(", ") + ".").className = "soft";
      }
      document.documentElement.setAttribute("data-compared", "yes");
    }).catch(function () {
      at("twin-state").textContent = at("twin-state").getAttribute("data-failed");
      document.documentElement.setAttribute("data-compared", "no");
    });
  }
  function step(link, left) {
    var state = at("step-state");
    state.textContent = "Asking over the network that you are on now …";
    fetch(link.getAttribute("data-json"), { cache: "no-store", credentials: "omit" }).then(function (answer) {
      if (!answer.ok) { throw new Error("refused"); }
      location.href = link.getAttribute("data-next");
    }).catch(function () {
      if (left > 0) {
        state.textContent = "No network yet, trying again …";
        setTimeout(function () { step(link, left - 1); }, 2000);
      } else {
        state.textContent = "There is no answer. When the network is there, tap again.";
      }
    });
  }
  if (!window.fetch) { return; }
  var box = at("twin");
  if (box && box.getAttribute("data-url")) { compare(box); }
  var links = document.getElementsByClassName("leg");
  for (var n = 0; n < links.length; n += 1) {
    links[n].addEventListener("click", function (event) {
      event.preventDefault();
      step(event.currentTarget, 5);
    });
  }
})();
