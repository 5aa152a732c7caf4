// The board's life: moves leads and takes moves back, shows what others move, fetches what a filter asks for, and listens
// to the keyboard. Cards and heads are drawn by the server; this file decides what to ask for and where to put it.
(() => {
  'use strict';

  const board = document.getElementById('board');
  if (!board) return;
  const { request, showToast } = window.sofia;
  const columns = document.getElementById('columns');
  const filters = document.getElementById('board-filters');
  const tabs = document.getElementById('stage-tabs');
  const words = board.dataset;
  const canMove = words.canMove === 'yes';
  const isCalm = window.matchMedia('(prefers-reduced-motion: reduce)');
  const MOST_SINGLE = 25;

  const column = (stage) => document.getElementById(`column-${stage}`);
  const cardsOf = (stage) => document.getElementById(`cards-${stage}`);
  const cardOf = (id) => document.getElementById(`card-${id}`);
  const nameOf = (stage) => document.getElementById(`name-${stage}`).textContent;
  const stages = [...columns.querySelectorAll('.column')].map((each) => each.dataset.stage);
  const say = (text) => { document.getElementById('board-said').textContent = text; };
  const parse = (html) => {
    const template = document.createElement('template');
    template.innerHTML = html;
    return template.content;
  };
  const query = () => {
    const given = [...new FormData(filters)].filter(([, value]) => value.trim());
    return given.length ? `?${new URLSearchParams(given)}` : '';
  };

  // Several events of one moment cause one request.
  const waiting = new Map();
  function soon(key, work, delay) {
    clearTimeout(waiting.get(key));
    waiting.set(key, setTimeout(() => {
      waiting.delete(key);
      work().catch(() => {}); // the line is down; `live-again` looks once more
    }, delay));
  }

  // ---- where a card stands: the most promising first, the newest of equals first
  const isBefore = (one, other) => Number(one.dataset.score) - Number(other.dataset.score) || Number(one.dataset.id) - Number(other.dataset.id);
  function glide(card, from) {
    if (!from || isCalm.matches || !card.isConnected) return;
    const to = card.getBoundingClientRect();
    const [x, y] = [from.left - to.left, from.top - to.top];
    if (!to.width || (!x && !y)) return;
    card.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: 'none' }], { duration: 220, easing: 'cubic-bezier(0.2, 0.7, 0.2, 1)' });
  }
  // `isWanted`: also where it stands below what is loaded, because somebody has it before their eyes.
  function place(card, { isWanted = false } = {}) {
    const list = cardsOf(card.dataset.stage);
    const present = cardOf(card.dataset.id);
    const from = present?.getBoundingClientRect();
    const hadFocus = present?.contains(document.activeElement);
    const more = list.querySelector('.more');
    const below = [...list.querySelectorAll('.card')].find((other) => other !== present && isBefore(card, other) > 0);
    present?.remove();
    if (!below && more && !present && !isWanted) return;
    list.insertBefore(card, below || more);
    window.sofia.tellTimes(card);
    glide(card, from);
    if (hadFocus) focus(card);
    else settleFocus();
  }

  // ---- one card is the board's door for the Tab key
  function focus(card) {
    for (const other of columns.querySelectorAll('.card-name[tabindex="0"]')) other.tabIndex = -1;
    const link = card.querySelector('.card-name');
    link.tabIndex = 0;
    link.focus();
    card.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
  function settleFocus() {
    const doors = [...columns.querySelectorAll('.card-name[tabindex="0"]')].filter((link) => link.offsetParent);
    if (!doors.length) [...columns.querySelectorAll('.card-name')].find((link) => link.offsetParent)?.setAttribute('tabindex', '0');
  }

  // ---- asking again
  async function refreshHeads() {
    const answer = await request(`${words.base}/heads${query()}`);
    if (!answer.isOk) return;
    for (const head of parse(answer.html).querySelectorAll('.column-head')) {
      const present = document.getElementById(head.id);
      const stage = present.closest('.column').dataset.stage;
      for (const part of ['[data-total]', '.column-facts']) present.querySelector(part).replaceWith(head.querySelector(part));
      tabs.querySelector(`[data-tab="${stage}"] [data-total]`).textContent = present.querySelector('[data-total]').textContent;
    }
  }
  const pending = new Set(); // cards whose move is on its way
  async function refreshCard(id) {
    if (pending.has(id)) return;
    const answer = await request(`${words.base}/card/${id}${query()}`);
    if (pending.has(id)) return;
    const present = cardOf(id);
    if (answer.status === 200) {
      const card = parse(answer.html).querySelector('.card');
      const hasMoved = present?.dataset.stage !== card.dataset.stage;
      place(card);
      if (hasMoved) cardOf(id)?.classList.add('is-new');
    } else if (answer.status === 204 || answer.status === 404) {
      present?.remove();
      settleFocus();
    }
  }
  let asked = 0;
  async function refreshAll() {
    const mine = asked += 1;
    columns.classList.add('is-waiting');
    try {
      const answer = await request(`${words.base}/columns${query()}`);
      if (!answer.isOk || mine !== asked) return;
      const focused = document.activeElement.closest?.('.card')?.dataset.id;
      const heights = new Map(stages.map((stage) => [stage, cardsOf(stage).scrollTop]));
      columns.innerHTML = answer.html;
      for (const [stage, top] of heights) cardsOf(stage).scrollTop = top;
      settle();
      if (focused && cardOf(focused)) focus(cardOf(focused));
    } finally {
      if (mine === asked) columns.classList.remove('is-waiting');
    }
    await refreshTabs();
  }
  async function refreshTabs() {
    for (const stage of stages) {
      tabs.querySelector(`[data-tab="${stage}"] [data-total]`).textContent = column(stage).querySelector('[data-total]').textContent;
    }
  }
  async function showMore(button) {
    button.disabled = true;
    const answer = await request(button.dataset.more);
    if (!answer.isOk) {
      button.disabled = false;
      return;
    }
    const line = button.closest('.more');
    const fresh = parse(answer.html);
    for (const card of fresh.querySelectorAll('.card')) if (cardOf(card.dataset.id)) card.remove();
    const first = fresh.querySelector('.card');
    window.sofia.tellTimes(fresh);
    line.replaceWith(fresh);
    if (first && document.activeElement === document.body) focus(first);
  }

  // ---- moving
  let last = null; // what `u` takes back
  let asking = null; // the move for which a dialog asks something
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
  async function send(id, stage) {
    const body = new FormData();
    body.set('stage', stage);
    pending.add(id);
    try {
      return await request(`${words.leads}/${id}/stage`, { method: 'POST', body });
    } finally {
      pending.delete(id);
    }
  }
  function count(stage, by) {
    for (const badge of [column(stage).querySelector('[data-total]'), tabs.querySelector(`[data-tab="${stage}"] [data-total]`)]) {
      if (/^\d+$/.test(badge.textContent)) badge.textContent = Number(badge.textContent) + by;
    }
  }
  function shift(card, to) {
    count(card.dataset.stage, -1);
    card.dataset.stage = to;
    count(to, 1);
    place(card, { isWanted: true });
  }
  // Moves of one card follow each other, however fast they are asked for.
  const lines = new Map();
  function move(id, stage, how = {}) {
    const line = (lines.get(id) || Promise.resolve()).then(() => moveNow(id, stage, how)).catch(() => {
      showToast(document.documentElement.dataset.wordFailed, 'error');
    });
    lines.set(id, line);
    line.then(() => { if (lines.get(id) === line) lines.delete(id); });
  }
  // The card goes at once; where the server refuses, or asks for something first, it goes back.
  async function moveNow(id, stage, { isUndo = false }) {
    const card = cardOf(id);
    const from = card?.dataset.stage;
    if (!canMove || !card || !stages.includes(stage) || from === stage) return;
    shift(card, stage);
    card.classList.add('is-waiting');
    let answer = null;
    try {
      answer = await send(id, stage);
    } catch {
      showToast(document.documentElement.dataset.wordOffline, 'error');
    }
    card.classList.remove('is-waiting');
    const form = answer?.html && parse(answer.html).querySelector('form');
    if (answer?.isOk && !form) {
      tellMove(card, from, stage, isUndo);
      soon(`card:${id}`, () => refreshCard(id), 0);
    } else if (answer?.status === 404) {
      card.remove();
      if (!answer.hasWords) showToast(words.wordGone, 'error');
    } else {
      shift(card, from);
      if (form) ask(form, { id, from, stage, isUndo });
      else if (answer && !answer.hasWords) showToast(document.documentElement.dataset.wordFailed, 'error');
    }
    soon('heads', refreshHeads, 300);
  }
  function tellMove(card, from, stage, isUndo) {
    const { id, name } = card.dataset;
    last = isUndo ? null : { id, from };
    const told = isUndo ? words.wordUndone : fill(words.wordMoved, { name, from: nameOf(from), to: nameOf(stage) });
    say(told);
    showToast(told, 'success', isUndo ? null : { label: words.wordUndo, run: takeBack });
  }
  async function takeBack() {
    await Promise.all(lines.values());
    if (last) move(last.id, last.from, { isUndo: true });
  }

  // ---- what a stage asks for before a lead enters: the form sends itself, and says `lead-saved` once the lead is there
  function ask(form, wanted) {
    const dialog = document.getElementById('dialog');
    asking = wanted;
    document.getElementById('dialog-body').replaceChildren(form);
    window.htmx.process(form);
    if (!dialog.open) dialog.showModal();
    (form.querySelector('[autofocus], [aria-invalid]') || form.querySelector('.body input, .body select'))?.focus();
  }
  document.addEventListener('lead-saved', (event) => {
    const id = String(event.detail.lead_id);
    const card = cardOf(id);
    if (card && asking?.id === id) {
      shift(card, asking.stage);
      tellMove(card, asking.from, asking.stage, asking.isUndo);
    }
    asking = null;
    soon(`card:${id}`, () => refreshCard(id), 0);
    soon('heads', refreshHeads, 300);
  });
  document.getElementById('dialog').addEventListener('close', () => {
    const card = asking && cardOf(asking.id);
    if (card) focus(card);
  });

  // ---- choosing a stage from a list: on a phone, by `m`, or by the card's button
  function chooseStage(card) {
    const dialog = document.getElementById('move-to');
    dialog.dataset.lead = card.dataset.id;
    document.getElementById('move-to-name').textContent = card.dataset.name;
    for (const button of dialog.querySelectorAll('[data-to]')) {
      const isHere = button.dataset.to === card.dataset.stage;
      button.toggleAttribute('aria-current', isHere);
      button.disabled = isHere;
    }
    dialog.showModal();
    const next = stages[stages.indexOf(card.dataset.stage) + 1] || stages[0];
    dialog.querySelector(`[data-to="${next}"]`).focus();
  }

  // ---- columns folded on this device, and the one that a phone shows
  const FOLDED = 'board.folded';
  let folded = JSON.parse(localStorage.getItem(FOLDED) || 'null') || stages.filter((stage) => column(stage).classList.contains('is-final'));
  function showFolds() {
    for (const stage of stages) {
      const isFolded = folded.includes(stage);
      column(stage).classList.toggle('is-folded', isFolded);
      column(stage).querySelector('[data-fold]').setAttribute('aria-expanded', String(!isFolded));
    }
  }
  function toggleFold(stage) {
    folded = folded.includes(stage) ? folded.filter((each) => each !== stage) : [...folded, stage];
    localStorage.setItem(FOLDED, JSON.stringify(folded));
    showFolds();
    settleFocus();
  }
  let shown = stages.find((stage) => column(stage).querySelector('.card')) || stages[0];
  function showStage(stage) {
    shown = stage;
    for (const each of stages) column(each).classList.toggle('is-shown', each === stage);
    for (const tab of tabs.children) {
      const isCurrent = tab.dataset.tab === stage;
      tab.toggleAttribute('aria-current', isCurrent);
      if (isCurrent) tabs.scrollTo({ left: tab.offsetLeft - tabs.offsetWidth / 2 + tab.offsetWidth / 2 });
    }
    settleFocus();
  }
  function settle() {
    showFolds();
    showStage(shown);
    window.sofia.tellTimes(columns);
    const tags = new Set([...columns.querySelectorAll('.card-tags .badge:not([title])')].map((tag) => tag.textContent));
    document.getElementById('board-tags').replaceChildren(...[...tags].sort().map((tag) => new Option(tag, tag)));
    settleFocus();
  }

  // ---- clicks
  document.addEventListener('click', (event) => {
    const target = event.target;
    const tab = target.closest('[data-tab]');
    const more = target.closest('[data-more]');
    const to = target.closest('[data-to]');
    const fold = target.closest('.column.is-folded, [data-fold]');
    if (tab) showStage(tab.dataset.tab);
    else if (more) showMore(more).catch(() => { more.disabled = false; });
    else if (to) {
      const dialog = document.getElementById('move-to');
      dialog.close();
      move(dialog.dataset.lead, to.dataset.to);
    } else if (target.closest('[data-move]')) chooseStage(target.closest('.card'));
    else if (fold) toggleFold(fold.closest('.column').dataset.stage);
  });
  // Closing the list gives the focus back to the card's link, on which the rest of the same keystroke would follow it.
  document.getElementById('move-to').addEventListener('keydown', (event) => {
    const to = event.key === 'Enter' && event.target.closest('[data-to]');
    if (!to) return;
    event.preventDefault();
    to.click();
  });
  document.addEventListener('board-drop', (event) => move(event.detail.id, event.detail.stage));

  // ---- filters
  function narrow() {
    document.getElementById('board-clear').hidden = !query();
    window.history.replaceState(null, '', `${words.base}${query()}`);
    soon('all', refreshAll, 0);
  }
  filters.addEventListener('submit', (event) => {
    event.preventDefault();
    narrow();
  });
  filters.addEventListener('change', narrow);
  filters.addEventListener('input', (event) => {
    if (event.target.type === 'search') soon('typing', async () => narrow(), 250);
  });
  document.getElementById('board-clear').addEventListener('click', (event) => {
    event.preventDefault();
    for (const field of filters.elements) if (field.name) field.value = '';
    narrow();
  });

  // ---- what others do
  function touched(id) {
    if (waiting.size > MOST_SINGLE) soon('all', refreshAll, 600);
    else soon(`card:${id}`, () => refreshCard(String(id)), 150);
    soon('heads', refreshHeads, 900);
  }
  document.addEventListener('lead.created', (event) => touched(event.detail.lead_id));
  document.addEventListener('lead.changed', (event) => touched(event.detail.lead_id));
  document.addEventListener('lead.deleted', (event) => {
    cardOf(event.detail.lead_id)?.remove();
    settleFocus();
    soon('heads', refreshHeads, 900);
  });
  document.addEventListener('leads.changed', () => soon('all', refreshAll, 400));
  document.addEventListener('live-again', () => soon('all', refreshAll, 400));

  // ---- keyboard
  const isOpen = (stage) => column(stage).querySelector('.card-name')?.offsetParent;
  function step(card, [by, along]) {
    const { stage } = card.dataset;
    const siblings = [...cardsOf(stage).querySelectorAll('.card')];
    const at = siblings.indexOf(card);
    if (by) {
      focus(siblings[Math.min(siblings.length - 1, Math.max(0, at + by))]);
      return;
    }
    for (let next = stages.indexOf(stage) + along; stages[next]; next += along) {
      if (!isOpen(stages[next])) continue;
      const others = cardsOf(stages[next]).querySelectorAll('.card');
      focus(others[Math.min(at, others.length - 1)]);
      return;
    }
  }
  function shiftStage(card, by) {
    const next = stages[stages.indexOf(card.dataset.stage) + by];
    if (next) move(card.dataset.id, next);
    else say(words.wordLast);
  }
  const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const firstCard = () => [...columns.querySelectorAll('.card')].find((card) => card.offsetParent);
  function onCard(card, event) {
    const arrow = ARROWS[event.key];
    if (event.shiftKey && arrow?.[1]) shiftStage(card, arrow[1]);
    else if (arrow && !event.shiftKey) step(card, arrow);
    else if (event.key === ']' || event.key === '[') shiftStage(card, event.key === ']' ? 1 : -1);
    else if (event.key === 'm' && canMove) chooseStage(card);
    else return false;
    return true;
  }
  const KEYS = {
    '/': () => document.getElementById('board-search').focus(),
    '?': () => document.getElementById('shortcuts').showModal(),
    u: takeBack,
    j: () => firstCard() && focus(firstCard()),
    ArrowDown: () => firstCard() && focus(firstCard()),
  };
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && event.target.closest?.('#board-filters')) event.target.blur();
    if (event.ctrlKey || event.metaKey || event.defaultPrevented || document.querySelector('dialog[open]')) return;
    if (event.target.closest('input, textarea, select, details.menu[open]')) return;
    const card = event.target.closest('.card');
    if (card && onCard(card, event)) event.preventDefault();
    else if (!card || !ARROWS[event.key]) {
      const act = event.altKey ? null : KEYS[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    }
  });

  settle();
})();
