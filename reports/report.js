"use strict";
// Filters live in the address (#kind=failed&area=recall), and so does what is open (at=...): a view can be sent to
// somebody, and the browser's back button undoes a filter. Without this script the page shows everything.
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

  // Opening tells the address, unless it was the address that opened.
  let at = "";

  const show = (target, moved) => {
    at = target.id;
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
    if (moved) target.querySelector("summary").focus({ preventScroll: true });
  };

  const follow = (moved) => {
    const hash = location.hash.slice(1);
    const target = hash && document.getElementById(hash);
    if (target && !target.matches(".outcome")) return;
    const query = new URLSearchParams(target ? "" : hash);
    const open = target || document.getElementById(query.get("at") || "");
    at = "";
    fill(query);
    apply();
    if (open && open.matches("details.outcome")) show(open, moved);
    else if (hash && moved) document.getElementById("outcomes").scrollIntoView();
  };

  const address = () => {
    const query = wanted();
    if (at) query.set("at", at);
    const words = query.toString();
    return words ? `#${words}` : location.pathname + location.search;
  };

  // One entry of the history per choice; what is typed is one choice, however many letters it has.
  let typed = false;

  const changed = (event) => {
    const typing = event && event.target.name === "q";
    apply();
    history[typing && typed ? "replaceState" : "pushState"](null, "", address());
    typed = typing;
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

  const told = (outcome) => {
    if (printing || (outcome.open ? at === outcome.id : at !== outcome.id)) return;
    at = outcome.open ? outcome.id : "";
    history.replaceState(null, "", address());
  };

  // Buttons are made when an outcome is opened: 2000 of them would slow the page down.
  document.addEventListener("toggle", (event) => {
    if (event.target.matches(".outcome")) told(event.target);
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

  const summaries = () => outcomes.filter((outcome) => !outcome.hidden && outcome.open !== undefined).map((one) => one.firstElementChild);

  const go = (step) => {
    const all = summaries();
    const here = document.activeElement.closest(".outcome");
    const place = here ? all.indexOf(here.firstElementChild) + step : 0;
    const next = all[Math.min(Math.max(place, 0), all.length - 1)];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };

  // Back one step: out of the text, else what is open is closed, else the filters are cleared.
  const leave = (typing) => {
    const open = document.activeElement.closest("details.outcome[open]") || (at && document.getElementById(at));
    if (typing) go(0);
    else if (open) { open.open = false; open.firstElementChild.focus(); }
    else form.reset();
  };

  const keys = {
    "/": () => form.elements.q.focus(),
    j: () => go(1),
    k: () => go(-1),
    ArrowDown: (on) => on && go(1),
    ArrowUp: (on) => on && go(-1),
    Escape: () => leave(false),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input[type=search], select, textarea")) {
      if (event.key === "Escape") { event.preventDefault(); leave(true); }
      return;
    }
    const key = keys[event.key];
    const on = event.target.matches(".outcome > summary");
    // Elsewhere the arrows scroll, as they always do.
    if (!key || (event.key.startsWith("Arrow") && !on)) return;
    event.preventDefault();
    key(on);
  });

  let opened = [];
  let printing = false;
  window.addEventListener("beforeprint", () => {
    printing = true;
    opened = outcomes.filter((outcome) => !outcome.open && !outcome.hidden && ["failed", "error"].includes(outcome.dataset.kind));
    opened.push(...document.querySelectorAll(".figures > details:not([open])"));
    opened.forEach((outcome) => { outcome.open = true; });
  });
  window.addEventListener("afterprint", () => {
    opened.forEach((outcome) => { outcome.open = false; });
    setTimeout(() => { printing = false; }); // the toggles come first
  });
  window.addEventListener("hashchange", () => follow(true));
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed)); // the form clears itself after this event
  form.hidden = false;
  follow(false);
})();
