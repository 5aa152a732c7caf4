// The review of duplicates: what is settled here or elsewhere is fetched again; j and k walk the pairs, m merges,
// d says that they are two people, u takes the last step back.
(() => {
  'use strict';

  const page = document.getElementById('duplicates');
  if (!page) return;
  const { request, showToast, tellTimes } = window.sofia;
  const dialog = document.getElementById('dialog');
  const pairs = () => [...page.querySelectorAll('[data-pair]')];
  let currentId = '';
  let position = 0;
  let undos = [];

  // ---- which pair the keys mean
  const current = () => document.getElementById(currentId);
  function choose(pair, { isSeen = true } = {}) {
    for (const other of pairs()) other.classList.toggle('is-current', other === pair);
    currentId = pair?.id ?? '';
    if (!pair) return;
    position = pairs().indexOf(pair);
    if (isSeen) {
      pair.focus({ preventScroll: true });
      pair.scrollIntoView({ block: 'nearest' });
    }
  }
  // What followed a settled pair takes its place.
  function keepChosen() {
    if (!currentId) return;
    choose(current() ?? pairs()[Math.min(position, pairs().length - 1)] ?? null, { isSeen: !dialog.open });
  }
  function walk(step) {
    const all = pairs();
    if (!all.length) return;
    const at = all.indexOf(current());
    choose(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]);
  }

  // ---- drawn again
  async function refresh() {
    const answer = await request(page.dataset.review + window.location.search);
    if (!answer.isOk) return;
    window.Idiomorph.morph(page, answer.html, { morphStyle: 'innerHTML' });
    window.htmx.process(page);
    tellTimes(page);
    keepChosen();
  }
  let waiting = 0;
  function soon(delay = 100) {
    clearTimeout(waiting);
    waiting = setTimeout(() => refresh().catch(() => {}), delay); // the line is down; `live-again` looks once more
  }

  document.addEventListener('duplicates-changed', (event) => {
    const { undo, undone } = event.detail;
    if (undo) undos.push(undo);
    if (undone) undos = undos.filter((address) => address !== undone);
    soon(0);
  });
  for (const name of ['lead.changed', 'lead.deleted', 'leads.changed', 'live-again']) document.addEventListener(name, () => soon(600));
  document.addEventListener('live', (event) => { if (event.detail.type === 'duplicates.changed') soon(); });
  document.addEventListener('job.changed', (event) => {
    const bar = document.getElementById('search-progress');
    const { job_id: job, done, total } = event.detail;
    if (!bar || Number(bar.dataset.job) !== job) return;
    bar.max = total || bar.max;
    bar.value = done;
  });
  document.addEventListener('job.ended', (event) => { if (event.detail.kind === 'duplicates') soon(0); });
  // Without a live line a running search is asked for.
  setInterval(() => { if (document.getElementById('search-progress')) soon(0); }, 3000);

  async function takeBack() {
    const address = undos.pop();
    if (!address) {
      showToast(page.dataset.wordNothing, 'info');
      return;
    }
    await request(address, { method: 'POST' });
  }

  // ---- the dialog
  document.addEventListener('htmx:afterSwap', (event) => {
    if (event.detail.target.id !== 'dialog-body' || !event.detail.target.children.length) return;
    if (!dialog.open) dialog.showModal();
    dialog.querySelector('[autofocus]')?.focus();
  });
  page.addEventListener('htmx:beforeRequest', (event) => {
    const pair = event.target.closest?.('[data-pair]');
    if (pair) choose(pair, { isSeen: false });
    if (event.target.matches?.('[data-key="d"]')) pair.classList.add('is-leaving');
  });
  page.addEventListener('htmx:afterRequest', (event) => {
    if (!event.detail.successful) {
      event.target.closest?.('[data-pair]')?.classList.remove('is-leaving');
      soon(0);
    }
  });
  page.addEventListener('focusin', (event) => {
    const pair = event.target.closest('[data-pair]');
    if (pair && pair.id !== currentId) choose(pair, { isSeen: false });
  });

  // ---- keyboard
  const press = (key) => {
    if (!current()) walk(0);
    current()?.querySelector(`[data-key="${key}"]`)?.click();
  };
  const KEYS = {
    j: () => walk(1),
    k: () => walk(-1),
    m: () => press('m'),
    d: () => press('d'),
    u: () => takeBack().catch(() => showToast(document.documentElement.dataset.wordOffline, 'error')),
    '?': () => document.getElementById('shortcuts').showModal(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest('input, textarea, select, [contenteditable]') || document.querySelector('dialog[open]')) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  tellTimes(page);
})();
