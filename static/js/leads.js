// The table of leads: every change of search, filter, order, columns or page is an address; what it shows is drawn by the
// server and merged into the page, so that the focus stays and the back button works.
(() => {
  'use strict';

  const page = document.getElementById('leads');
  if (!page) return;
  const { request, showToast, tellTimes } = window.sofia;
  const base = page.dataset.base;
  const main = document.getElementById('leads-main');
  const form = () => document.getElementById('leads-form');
  const results = () => document.getElementById('results');
  const rows = () => [...main.querySelectorAll('.lead-row')];
  const changed = () => document.dispatchEvent(new CustomEvent('leads-drawn'));

  // ---- where one is
  function query() {
    const given = new URLSearchParams();
    for (const [name, value] of new FormData(form())) if (value) given.append(name, value);
    if (given.get('view')) given.set('changed', '1');
    return given;
  }

  let going = null;
  async function go(address, { isHistory = false } = {}) {
    going?.abort();
    going = new AbortController();
    results()?.classList.add('is-loading');
    try {
      const answer = await request(address, { signal: going.signal });
      if (!answer.isOk) {
        results()?.classList.remove('is-loading');
        return;
      }
      if (!isHistory) window.history.pushState({}, '', address);
      draw(answer.html);
    } catch (error) {
      if (error.name === 'AbortError') return;
      results()?.classList.remove('is-loading');
      showToast(document.documentElement.dataset.wordOffline, 'error');
    }
  }
  const goTo = (given) => go(given.toString() ? `${base}?${given}` : base);

  function draw(html) {
    window.Idiomorph.morph(main, html, {
      morphStyle: 'innerHTML',
      ignoreActiveValue: true,
      callbacks: {
        beforeNodeMorphed: (node) => !node.classList?.contains('is-editing'),
        beforeAttributeUpdated: (name, node) => !(name === 'open' && node.tagName === 'DETAILS'),
      },
    });
    window.htmx.process(main);
    tellTimes(main);
    const exported = document.getElementById('export');
    if (exported) exported.href = `${exported.dataset.base}?${results().dataset.export}`;
    changed();
  }

  const here = () => `${window.location.pathname}${window.location.search}`;
  const again = () => go(here(), { isHistory: true });
  window.addEventListener('popstate', again);
  window.sofia.leads = { go, again, query, rows };

  // ---- search, quick filters, columns
  let typing = 0;
  main.addEventListener('input', (event) => {
    if (event.target.id !== 'search') return;
    clearTimeout(typing);
    typing = setTimeout(() => goTo(query()), 250);
  });
  main.addEventListener('change', (event) => {
    const { target } = event;
    if (target.dataset.column) {
      const chosen = [...main.querySelectorAll('[data-column]')].filter((box) => box.checked && box.type === 'checkbox').map((box) => box.dataset.column);
      const kept = form().elements.columns.value.split(',').filter((key) => chosen.includes(key));
      form().elements.columns.value = [...kept, ...chosen.filter((key) => !kept.includes(key))].join(',');
      goTo(query());
    } else if (target.closest('.quick')) {
      goTo(query());
    }
  });
  main.addEventListener('submit', (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    clearTimeout(typing);
    goTo(query());
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target.closest?.('[data-go]');
    if (!link) return;
    event.preventDefault();
    go(link.getAttribute('href'));
    if (link.closest('.pagination')) document.getElementById('content').scrollTo({ top: 0 });
  });
  document.addEventListener('filter-chosen', (event) => {
    form().elements.filter.value = event.detail.filter;
    goTo(query());
  });

  // ---- saved views
  async function sendView(url) {
    const body = new FormData();
    body.set('query', results().dataset.query);
    await request(url, { method: 'POST', body });
  }
  document.addEventListener('click', (event) => {
    const save = event.target.closest?.('[data-view-save]');
    if (save) sendView(save.dataset.viewSave).catch(() => showToast(document.documentElement.dataset.wordOffline, 'error'));
    const make = event.target.closest?.('[data-view-new]');
    if (make) {
      const url = `${make.dataset.viewNew}?${results().dataset.query}`;
      document.getElementById('dialog').showModal();
      window.htmx.ajax('GET', url, { target: '#dialog-body', swap: 'innerHTML' });
    }
  });
  document.addEventListener('view-changed', (event) => go(event.detail.url || base));

  // ---- what happens elsewhere: a row on the screen is drawn again; for the rest the list says that it is old
  const waiting = new Map();
  function soon(key, work, delay = 150) {
    clearTimeout(waiting.get(key));
    waiting.set(key, setTimeout(() => {
      waiting.delete(key);
      work().catch(() => {}); // the line is down; `live-again` looks once more
    }, delay));
  }
  async function refreshRow(id) {
    const row = document.getElementById(`lead-${id}`);
    if (!row || row.querySelector('.is-editing')) return;
    const answer = await request(`${base}/${id}/row?${results().dataset.query}`);
    const present = document.getElementById(`lead-${id}`);
    if (!present || present.querySelector('.is-editing')) return;
    if (answer.status === 200) {
      const template = document.createElement('template');
      template.innerHTML = answer.html;
      window.Idiomorph.morph(present, template.content.firstElementChild);
      document.getElementById(`lead-${id}`).classList.add('is-fresh');
      window.htmx.process(document.getElementById(`lead-${id}`));
      tellTimes(document.getElementById(`lead-${id}`));
      changed();
    } else if (answer.status === 204 || answer.status === 404) {
      soon('list', async () => again(), 400);
    }
  }
  const idOf = (data) => Number(data?.lead_id ?? data?.lead?.id);
  for (const name of ['lead.changed', 'lead-saved']) {
    document.addEventListener(name, (event) => soon(`row:${idOf(event.detail)}`, () => refreshRow(idOf(event.detail))));
  }
  const isBusy = () => main.querySelector('.is-editing, .lead-row input:checked, details[open]');
  function offerAgain() {
    if (!isBusy() && Number(results().dataset.page) === 1) soon('list', async () => again(), 500);
    else if (!document.getElementById('changed-note')) noteChange();
  }
  function noteChange() {
    const note = document.createElement('p');
    note.id = 'changed-note';
    note.className = 'changed-note';
    note.setAttribute('role', 'status');
    note.append(page.dataset.wordChanged);
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'button small', textContent: page.dataset.wordShow });
    button.addEventListener('click', () => again());
    note.append(button);
    results().prepend(note);
  }
  document.addEventListener('lead.created', offerAgain);
  document.addEventListener('leads.changed', offerAgain);
  document.addEventListener('lead.deleted', (event) => {
    if (document.getElementById(`lead-${idOf(event.detail)}`)) soon('list', async () => again(), 300);
  });
  document.addEventListener('live-again', () => soon('list', async () => { if (!isBusy()) await again(); }));

  // ---- keyboard: rows by j and k, cells by arrows
  const rowOf = (node) => node?.closest?.('.lead-row');
  function focusRow(row) {
    if (!row) return;
    row.querySelector('.lead-link').focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  }
  function step(by) {
    const all = rows();
    const now = all.indexOf(rowOf(document.activeElement));
    focusRow(all[now === -1 ? 0 : Math.min(all.length - 1, Math.max(0, now + by))]);
  }
  function stepCell(by) {
    const row = rowOf(document.activeElement);
    if (!row) return;
    const cells = [row.querySelector('.lead-link'), ...row.querySelectorAll('td[data-label]')];
    const now = cells.findIndex((cell) => cell.contains(document.activeElement));
    const next = cells[Math.min(cells.length - 1, Math.max(0, now + by))];
    next.focus();
    next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
  function editHere() {
    const cell = document.activeElement.closest('.lead-row td[data-label], .lead-row th');
    const value = cell?.querySelector('.value[data-edit]');
    if (value) window.sofia.editValue(value);
  }
  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => rowOf(document.activeElement) && step(1),
    ArrowUp: () => rowOf(document.activeElement) && step(-1),
    ArrowRight: () => stepCell(1),
    ArrowLeft: () => stepCell(-1),
    x: () => rowOf(document.activeElement)?.querySelector('input[name="lead"]')?.click(),
    e: editHere,
    F2: editHere,
    c: () => document.getElementById('new-lead')?.click(),
    f: () => document.getElementById('open-filter').click(),
    '/': () => document.getElementById('search').focus(),
    '?': () => document.getElementById('shortcuts').showModal(),
  };
  const ONLY_IN_ROWS = new Set(['ArrowDown', 'ArrowUp', 'ArrowRight', 'ArrowLeft']);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && event.target.id === 'search') event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const isChoice = event.target.matches?.('.lead-row input[type="checkbox"]');
    if (!isChoice && event.target.closest('input, textarea, select, [contenteditable], dialog[open]')) return;
    if (document.querySelector('dialog[open], details.menu[open]')) return;
    const act = KEYS[event.key];
    if (!act || (ONLY_IN_ROWS.has(event.key) && !rowOf(document.activeElement))) return;
    event.preventDefault();
    act();
  });

  tellTimes(main);
})();
