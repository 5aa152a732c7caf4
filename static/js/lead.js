// The page of one lead: whatever changes it, here or elsewhere, is fetched again and merged into what is on the screen.
(() => {
  'use strict';

  const page = document.getElementById('lead-page');
  if (!page) return;
  const { request, showToast, tellTimes } = window.sofia;
  const lead = Number(page.dataset.lead);

  // ---- drawn again: what somebody edits stays, and so do menus and folds that are open
  function merge(html) {
    window.Idiomorph.morph(page, html, {
      morphStyle: 'innerHTML',
      ignoreActiveValue: true,
      callbacks: {
        beforeNodeMorphed: (node) => node.id !== 'live' && !node.classList?.contains('is-editing'),
        beforeAttributeUpdated: (name, node) => !(name === 'open' && node.tagName === 'DETAILS'),
      },
    });
    window.htmx.process(page);
    tellTimes(page);
  }

  function oldest() {
    const all = page.querySelectorAll('.entry');
    return all.length ? all[all.length - 1].dataset.id : '';
  }

  async function refresh() {
    const query = new URLSearchParams({ kind: document.getElementById('story-days').dataset.kind, down_to: oldest() });
    const answer = await request(`${page.dataset.live}?${query}`);
    if (answer.status === 404) leave();
    else if (answer.isOk) merge(answer.html);
  }

  function leave() {
    showToast(page.dataset.wordGone, 'warning');
    setTimeout(() => window.location.assign(page.dataset.list), 1500);
  }

  let waiting = 0;
  function soon(delay = 150) {
    clearTimeout(waiting);
    waiting = setTimeout(() => refresh().catch(() => {}), delay); // the line is down; `live-again` looks once more
  }

  const isOurs = (data) => Number(data?.lead_id ?? data?.lead?.id) === lead;
  document.addEventListener('lead-saved', (event) => { if (isOurs(event.detail)) soon(0); });
  document.addEventListener('lead.changed', (event) => { if (isOurs(event.detail)) soon(); });
  document.addEventListener('leads.changed', () => soon(600));
  document.addEventListener('lead.deleted', (event) => { if (isOurs(event.detail)) leave(); });
  // Made part of another: what it had is there now.
  document.addEventListener('leads-merged', (event) => {
    if (event.detail.absorbed === lead) window.location.assign(`${page.dataset.list}/${event.detail.kept}`);
  });
  document.addEventListener('live', (event) => {
    const { type = '', data = {} } = event.detail;
    if (/message|conversation/.test(type) && !/status/.test(type)) {
      const about = data?.lead_id ?? data?.conversation?.lead?.id;
      if (Number(about) === lead) soon(400);
    }
  });
  document.addEventListener('live-again', () => soon());

  // ---- kinds of the timeline, without leaving the page
  async function choose(link) {
    const answer = await request(`${page.dataset.live}?kind=${encodeURIComponent(link.dataset.kind || '')}`);
    if (!answer.isOk) return;
    merge(answer.html);
    window.history.replaceState(null, '', link.getAttribute('href'));
  }
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('.kinds a');
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      choose(link).catch(() => showToast(document.documentElement.dataset.wordOffline, 'error'));
    }
    // Back to the list as it was left, with its filters and its place.
    const back = event.target.closest?.('[data-back]');
    if (back && document.referrer.startsWith(`${window.location.origin}${page.dataset.list}`) && window.history.length > 1) {
      event.preventDefault();
      window.history.back();
    }
  });

  // A stage that asks for something answers with a form for the dialog.
  document.addEventListener('htmx:afterSwap', (event) => {
    const dialog = document.getElementById('dialog');
    if (event.detail.target.id === 'dialog-body' && event.detail.target.children.length && !dialog.open) dialog.showModal();
    tellTimes(page);
    dropRepeatedDays();
  });
  function dropRepeatedDays() {
    let last = null;
    for (const day of page.querySelectorAll('.story-day')) {
      if (last && last.dataset.day === day.dataset.day) {
        last.querySelector('ol').append(...day.querySelectorAll('ol > li'));
        day.remove();
      } else {
        last = day;
      }
    }
  }

  // ---- keyboard
  const edit = (column) => window.sofia.editValue(page.querySelector(`.value[data-edit="${column}"]`));
  const KEYS = {
    m: () => page.querySelector('[data-key="m"]')?.click(),
    e: () => edit('name'),
    n: () => edit('notes'),
    u: () => page.querySelector('[data-back]').click(),
    '?': () => document.getElementById('shortcuts').showModal(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest('input, textarea, select, [contenteditable], dialog[open]') || document.querySelector('dialog[open]')) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // Where the lead stands is in sight, also where the pipeline is wider than the screen.
  const stepper = page.querySelector('.stepper');
  const now = stepper.querySelector('.is-current');
  if (now) stepper.scrollLeft = now.offsetLeft - stepper.offsetLeft - (stepper.clientWidth - now.clientWidth) / 2;

  tellTimes(page);
})();
