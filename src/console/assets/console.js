// Makes the console quicker. Every action works without it, as a link or a form.
"use strict";
(() => {
  const csrf = document.body.dataset.csrf;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const say = (text) => { const place = one("#said"); if (place) place.textContent = text; };

  // What only a script can do is hidden until there is one.
  for (const element of all("[data-copy], [data-help], [data-select-all]")) element.hidden = false;

  // Copying
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      say("Copied");
    } catch {
      button.textContent = "Not allowed here";
      say("The browser does not allow copying here");
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  });

  // Being asked before something that cannot be taken back
  const confirmation = one("#confirm");
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-confirm]");
    if (!button || button.dataset.confirmed || !confirmation?.showModal) return;
    event.preventDefault();
    one("[data-question]", confirmation).textContent = button.dataset.confirm;
    confirmation.returnValue = "no";
    confirmation.showModal();
    confirmation.addEventListener("close", () => {
      if (confirmation.returnValue !== "yes") return;
      button.dataset.confirmed = "yes";
      button.click();
      delete button.dataset.confirmed;
    }, { once: true });
  });

  // Selecting rows
  for (const form of all("[data-selection]")) {
    const boxes = () => all("tbody .pick input", form);
    const head = one("[data-select-all]", form);
    const counter = one("[data-count]", form);
    let last = null;
    const tell = () => {
      const chosen = boxes().filter((box) => box.checked).length;
      if (counter) counter.textContent = `${chosen} selected`;
      if (head) { head.checked = chosen > 0 && chosen === boxes().length; head.indeterminate = chosen > 0 && !head.checked; }
    };
    head?.addEventListener("change", () => { for (const box of boxes()) box.checked = head.checked; tell(); });
    form.addEventListener("click", (event) => {
      const box = event.target;
      if (!box.matches?.("tbody .pick input")) return;
      const list = boxes();
      if (event.shiftKey && last && list.includes(last)) {
        const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b);
        for (const between of list.slice(from, to + 1)) between.checked = box.checked;
      }
      last = box;
      tell();
    });
    form.addEventListener("change", tell);
    tell();
  }

  // The keyboard
  let rows = all("[data-row]");
  let here = -1;
  let going = false;
  const move = (by) => {
    rows = all("[data-row]");
    if (!rows.length) return;
    rows[here]?.classList.remove("here");
    here = Math.min(Math.max(here + by, 0), rows.length - 1);
    const row = rows[here];
    row.classList.add("here");
    (one("th a, a", row) ?? one("input", row))?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-row]");
    if (!row) return;
    rows[here]?.classList.remove("here");
    rows = all("[data-row]");
    here = rows.indexOf(row);
    row.classList.add("here");
  });
  const help = () => one("#keys")?.showModal?.();
  one("[data-help]")?.addEventListener("click", help);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (event.key === "Escape" && typing) { typing.blur(); return; }
    if (typing || one("dialog[open]")) return;
    const go = going ? all("[data-go]").find((link) => link.dataset.go === event.key) : null;
    if (going) { going = false; if (go) { event.preventDefault(); go.click(); } return; }
    const keys = {
      "/": () => { const field = one("[data-search], input[type=search]"); if (field) { field.focus(); field.select(); } else location.href = "/console/browse/"; },
      j: () => move(1),
      k: () => move(-1),
      x: () => one(".pick input", rows[here])?.click(),
      X: () => one(".pick input", rows[here])?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: true })),
      n: () => one("[data-key=n]")?.click(),
      a: () => one("[data-go=a]")?.click(),
      g: () => { going = true; setTimeout(() => { going = false; }, 1200); },
      "?": help,
    };
    const act = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    if (!act || (event.key.toLowerCase() === "x" && here < 0)) return;
    event.preventDefault();
    act();
  });

  // A drawing that is larger than its box begins at what it is about
  for (const box of all(".drawing")) {
    const centre = one(".central .outline", box);
    if (!centre) continue;
    const [place, frame] = [centre.getBoundingClientRect(), box.getBoundingClientRect()];
    box.scrollLeft += place.left + place.width / 2 - frame.left - frame.width / 2;
    box.scrollTop += place.top + place.height / 2 - frame.top - frame.height / 2;
  }

  // Dropping a file anywhere on its form
  for (const form of all("[data-drop]")) {
    const field = one("input[type=file]", form);
    form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
    form.addEventListener("dragleave", () => form.classList.remove("over"));
    form.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      form.classList.remove("over");
      field.files = event.dataTransfer.files;
      say(`${field.files[0].name} is ready to be sent`);
      one("[data-saved]", form)?.replaceChildren(field.files[0].name);
    });
  }

  // A text that is not lost by a reload
  for (const area of all("textarea[data-draft]")) {
    const told = one("[data-saved]", area.form);
    let waiting = null;
    let sent = area.value;
    const save = async (leaving) => {
      waiting = null;
      if (area.value === sent) return;
      const text = area.value;
      try {
        const answer = await fetch(area.dataset.draft, {
          method: "POST", credentials: "same-origin", keepalive: leaving && text.length < 60000,
          headers: { "X-CSRF-Token": csrf, "Content-Type": "text/plain; charset=utf-8" }, body: text,
        });
        if (!answer.ok) throw new Error(String(answer.status));
        sent = text;
        if (told) told.textContent = "Draft saved";
      } catch {
        if (told) told.textContent = "The draft could not be saved";
      }
    };
    area.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => save(false), 800); });
    addEventListener("pagehide", () => { if (waiting) save(true); });
  }

  // How far an import is
  for (const card of all("[data-progress]")) {
    const bar = one("progress", card);
    const look = async () => {
      try {
        const answer = await fetch(card.dataset.progress, { credentials: "same-origin", headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const state = await answer.json();
        if (state.total > 0) { bar.max = state.total; bar.value = state.done; }
        for (const part of all("[data-part]", card)) part.textContent = String(state[part.dataset.part] ?? "");
        if (state.ended) { location.reload(); return; }
        setTimeout(look, 1000);
      } catch {
        setTimeout(look, 5000);
      }
    };
    setTimeout(look, 500);
  }
})();
