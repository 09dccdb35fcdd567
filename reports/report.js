"use strict";
// Filters live in the address (#kind=failed&area=recall), so that a view can be sent to somebody. Without this script
// the page shows everything.
(() => {
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  const outcomes = [...document.querySelectorAll(".outcome")];
  const selects = ["area", "profile", "level"];
  const texts = new Map();

  // Reading the text of 500 outcomes takes tens of milliseconds: only when asked, and once.
  const textOf = (outcome) => {
    if (!texts.has(outcome)) texts.set(outcome, outcome.textContent.toLowerCase());
    return texts.get(outcome);
  };

  const wanted = () => {
    const data = new FormData(form);
    const query = new URLSearchParams();
    data.getAll("kind").forEach((kind) => query.append("kind", kind));
    [...selects, "q"].forEach((name) => { if (data.get(name)) query.set(name, data.get(name)); });
    return query;
  };

  const fits = (outcome, query) => {
    const kinds = query.getAll("kind");
    if (kinds.length && !kinds.includes(outcome.dataset.kind)) return false;
    if (selects.some((name) => query.get(name) && !outcome.dataset[name].split(" ").includes(query.get(name)))) return false;
    const words = (query.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
    return words.every((word) => textOf(outcome).includes(word));
  };

  // What is not declared has one line for all its dialects.
  const all = outcomes.reduce((sum, outcome) => sum + outcome.dataset.profile.split(" ").length, 0);

  const apply = () => {
    const query = wanted();
    let count = 0;
    for (const outcome of outcomes) {
      const fit = fits(outcome, query);
      outcome.hidden = !fit;
      if (fit) count += query.get("profile") ? 1 : outcome.dataset.profile.split(" ").length;
    }
    shown.textContent = count === all ? `${count} shown` : `${count} of ${all} shown`;
    none.hidden = count > 0 || !outcomes.length;
    return query;
  };

  const fill = (query) => {
    form.querySelectorAll("[name=kind]").forEach((box) => { box.checked = query.getAll("kind").includes(box.value); });
    [...selects, "q"].forEach((name) => { form.elements[name].value = query.get(name) || ""; });
  };

  const follow = (moved) => {
    const hash = location.hash.slice(1);
    const target = hash && document.getElementById(hash);
    if (target) {
      if (target.matches(".outcome")) {
        fill(new URLSearchParams());
        apply();
        target.open = true;
        target.scrollIntoView();
        if (moved) target.querySelector("summary").focus({ preventScroll: true });
      }
      return;
    }
    fill(new URLSearchParams(hash));
    apply();
    if (hash && moved) document.getElementById("outcomes").scrollIntoView();
  };

  const changed = () => {
    const query = apply().toString();
    history.replaceState(null, "", query ? `#${query}` : location.pathname + location.search);
  };

  const copy = (text) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy"); // a page from a disk has no other way
    area.remove();
    return Promise.resolve();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    copy(button.dataset.text).then(() => { button.textContent = "Copied"; button.focus(); }, () => {});
  });

  // Buttons are made when an outcome is opened: 2000 of them would slow the page down.
  document.addEventListener("toggle", (event) => {
    if (!event.target.open) return;
    for (const command of event.target.querySelectorAll(".command:not(:has(.copy))")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.dataset.text = command.textContent;
      button.textContent = "Copy";
      command.append(button);
    }
  }, true);

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      form.elements.q.focus();
    }
  });

  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = outcomes.filter((outcome) => !outcome.open && !outcome.hidden && ["failed", "error"].includes(outcome.dataset.kind));
    opened.forEach((outcome) => { outcome.open = true; });
  });
  window.addEventListener("afterprint", () => opened.forEach((outcome) => { outcome.open = false; }));
  window.addEventListener("hashchange", () => follow(true));
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  form.hidden = false;
  follow(false);
})();
