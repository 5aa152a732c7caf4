// The inbox's life: opens conversations, fetches again only what an event touched, and listens to the keyboard.
// Everything on the screen is drawn by the server; this file decides what to ask for and where to put it.
(() => {
  'use strict';

  const inbox = document.getElementById('inbox');
  if (!inbox) return;
  const { request, tellTimes } = window.sofia;
  const base = inbox.dataset.base;
  const rows = document.getElementById('rows');
  const pane = document.getElementById('conversation');
  const tab = document.getElementById('tab');
  const search = document.getElementById('search');

  const opened = () => pane.querySelector('.thread-pane');
  const openedId = () => Number(opened()?.dataset.conversation) || null;
  const thread = () => document.getElementById('thread');
  const lines = () => document.getElementById('lines');
  const part = (id, name) => `${base}inbox/${id}/${name}`;
  const listQuery = () => new URLSearchParams({ tab: tab.value, q: search.value }).toString();
  const parse = (html) => {
    const template = document.createElement('template');
    template.innerHTML = html;
    return template.content;
  };

  // Several events of one moment cause one request.
  const waiting = new Map();
  function soon(key, work, delay = 120) {
    clearTimeout(waiting.get(key));
    waiting.set(key, setTimeout(() => {
      waiting.delete(key);
      work().catch(() => {}); // the line is down; `live-again` looks once more
    }, delay));
  }

  // ---- the list
  function markCurrent() {
    const id = openedId();
    for (const row of rows.querySelectorAll('.conversation-row')) {
      const isCurrent = Number(row.dataset.id) === id;
      row.classList.toggle('is-current', isCurrent);
      row.firstElementChild.toggleAttribute('aria-current', isCurrent);
    }
  }
  function placeRow(row) {
    const at = row.dataset.at;
    document.getElementById(row.id)?.remove();
    rows.querySelector('.no-rows')?.remove();
    const below = [...rows.querySelectorAll('.conversation-row')].find((other) => Number(other.dataset.at) < Number(at));
    const more = rows.querySelector('.more');
    if (below) below.before(row);
    else if (!more) rows.append(row);
    else return; // older than what is loaded: it comes with its page
  }
  async function refreshRow(id) {
    const answer = await request(`${part(id, 'row')}?${listQuery()}`);
    const present = document.getElementById(`row-${id}`);
    if (answer.status === 200) {
      const row = parse(answer.html).querySelector('li');
      const hadFocus = present?.contains(document.activeElement);
      if (present && present.dataset.at === row.dataset.at) present.replaceWith(row);
      else placeRow(row);
      if (hadFocus) row.firstElementChild.focus({ preventScroll: true });
    } else if (answer.status === 204 || answer.status === 404) {
      present?.remove();
      if (!rows.querySelector('.conversation-row')) await refreshList();
    }
    tellTimes(rows);
    markCurrent();
  }
  async function refreshList() {
    const answer = await request(`${base}inbox/rows?${listQuery()}`);
    if (!answer.isOk) return;
    const top = rows.scrollTop;
    rows.innerHTML = answer.html;
    rows.scrollTop = top;
    window.htmx.process(rows);
    tellTimes(rows);
    markCurrent();
  }
  async function refreshCounts() {
    const answer = await request(`${base}inbox/counts?${listQuery()}`);
    if (answer.isOk) document.getElementById('tabs').innerHTML = answer.html;
  }
  async function chooseTab(name) {
    tab.value = name;
    window.history.replaceState(null, '', `${window.location.pathname}?${listQuery()}`);
    rows.scrollTop = 0;
    await Promise.all([refreshCounts(), refreshList()]);
  }

  // ---- the thread
  const isAtEnd = () => thread().scrollHeight - thread().scrollTop - thread().clientHeight < 140;
  function toEnd() {
    thread().scrollTop = thread().scrollHeight;
    document.getElementById('jump').hidden = true;
  }
  function dropRepeatedDays() {
    let last = '';
    for (const day of lines().querySelectorAll('.day')) {
      if (day.textContent === last) day.remove();
      else last = day.textContent;
    }
  }
  function mergeLines(html, { isOwn = false } = {}) {
    if (!lines()) return;
    const wasAtEnd = isAtEnd();
    let isNew = false;
    for (const line of parse(html).querySelectorAll('li.line')) {
      const present = document.getElementById(line.id);
      if (present) {
        if (present.outerHTML !== line.outerHTML) {
          window.Idiomorph.morph(present, line);
          window.htmx.process(document.getElementById(line.id));
        }
        continue;
      }
      const next = [...lines().querySelectorAll('li.line')].find((other) => other.dataset.key > line.dataset.key);
      if (next) next.before(line);
      else lines().append(line);
      window.htmx.process(line);
      isNew = true;
    }
    dropRepeatedDays();
    if (isOwn || wasAtEnd) toEnd();
    else if (isNew) document.getElementById('jump').hidden = false;
  }
  function lastMessageId() {
    const all = lines()?.querySelectorAll('[data-message]') || [];
    return all.length ? all[all.length - 1].dataset.message : '';
  }
  async function refreshTail(id, messageId) {
    const isShown = messageId && document.getElementById(`m${messageId}`);
    const since = isShown ? messageId : lastMessageId();
    const answer = await request(`${part(id, 'tail')}?since=${since}`);
    if (openedId() !== id) return;
    if (answer.isOk) mergeLines(answer.html);
    else if (answer.status === 404) closePane();
  }
  async function refreshHead(id) {
    const answer = await request(part(id, 'head'));
    if (openedId() !== id) return;
    if (answer.status === 404) {
      closePane(); // it went to somebody else
      return;
    }
    if (!answer.isOk) return;
    const fresh = parse(answer.html);
    const head = document.getElementById('thread-head');
    // Merged, not replaced: a button whose answer is still on its way must stay in the page.
    if (!head.querySelector('details[open]')) {
      window.Idiomorph.morph(head, fresh.getElementById('thread-head'));
      window.htmx.process(document.getElementById('thread-head'));
    }
    const composer = document.getElementById('composer');
    const changed = fresh.getElementById('composer');
    if (composer.dataset.state !== changed.dataset.state) {
      const hadFocus = composer.contains(document.activeElement);
      composer.replaceWith(changed);
      if (hadFocus) document.getElementById('composer-text')?.focus();
    }
    tellTimes(opened());
  }
  // What somebody is just typing into the panel is not drawn over, unless it was they who changed it.
  // A form that is open stays as it is, with what was typed, unless it is the one that was just saved.
  async function refreshLead(id, { isOwn = false, saved = null } = {}) {
    const answer = await request(part(id, 'lead'));
    const panel = document.getElementById('lead-panel');
    if (!answer.isOk || openedId() !== id) return;
    if (panel.querySelector('.add-tag input')?.value && !isOwn) return;
    const unfolded = [...panel.querySelectorAll('.fold')].map((fold) => fold.open && fold !== saved);
    const isWrittenIn = (node) => node !== saved && node.matches?.('.fold[open]') && node.querySelector('form');
    window.Idiomorph.morph(panel, answer.html, {
      morphStyle: 'innerHTML',
      callbacks: { beforeNodeMorphed: (node) => !isWrittenIn(node) },
    });
    panel.querySelectorAll('.fold').forEach((fold, index) => { fold.open = unfolded[index] || false; });
    window.htmx.process(panel);
    tellTimes(panel);
  }
  function markRead() {
    const shown = opened();
    if (!shown || document.visibilityState !== 'visible' || !Number(shown.dataset.unread)) return;
    shown.dataset.unread = '0';
    soon('read', () => request(part(openedId(), 'read'), { method: 'POST' }), 400);
  }

  // ---- opening and closing
  let opening = null;
  const plainTitle = document.title.includes(' · ') ? document.title.split(' · ').slice(-2).join(' · ') : document.title;
  function settlePane() {
    inbox.classList.toggle('is-open', Boolean(opened()));
    inbox.classList.remove('show-panel');
    document.title = opened() ? `${opened().dataset.title} · ${plainTitle}` : plainTitle;
    markCurrent();
    watch(openedId());
    if (!opened()) return;
    tellTimes(pane);
    dropRepeatedDays();
    toEnd();
    markRead();
    thread().addEventListener('scroll', () => { if (isAtEnd()) document.getElementById('jump').hidden = true; }, { passive: true });
  }
  async function open(id, { isHistory = false } = {}) {
    opening?.abort();
    opening = new AbortController();
    try {
      const answer = await request(part(id, 'pane'), { signal: opening.signal });
      if (!answer.isOk) {
        if (answer.status === 404) soon(`row:${id}`, () => refreshRow(id));
        return;
      }
      pane.innerHTML = answer.html;
      window.htmx.process(pane);
      if (!isHistory) window.history.pushState({ id }, '', `${base}inbox/${id}?${listQuery()}`);
      settlePane();
    } catch (error) {
      if (error.name !== 'AbortError') window.sofia.showToast(document.documentElement.dataset.wordOffline, 'error');
    }
  }
  function closePane({ isHistory = false } = {}) {
    opening?.abort();
    pane.replaceChildren(document.getElementById('nothing').content.cloneNode(true));
    if (!isHistory) window.history.pushState({}, '', `${base}?${listQuery()}`);
    settlePane();
  }
  window.addEventListener('popstate', () => {
    const found = window.location.pathname.match(/\/inbox\/(\d+)$/);
    if (found) open(Number(found[1]), { isHistory: true });
    else closePane({ isHistory: true });
  });

  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target.closest('[data-open]');
    const chosen = event.target.closest('[data-tab]');
    const picture = event.target.closest('[data-view]');
    if (link) {
      event.preventDefault();
      open(Number(link.dataset.open));
    } else if (chosen) {
      event.preventDefault();
      chooseTab(chosen.dataset.tab).catch(() => {});
    } else if (event.target.closest('[data-back]')) {
      event.preventDefault();
      closePane();
    } else if (event.target.closest('[data-toggle-panel]')) {
      inbox.classList.toggle(window.matchMedia('(min-width: 1181px)').matches ? 'no-panel' : 'show-panel');
    } else if (event.target.closest('#jump')) {
      toEnd();
    } else if (picture) {
      event.preventDefault();
      const viewer = document.getElementById('viewer');
      viewer.querySelector('img').src = picture.href;
      viewer.showModal();
    }
  });

  // ---- what happened
  function touched(id, { messageId = null, isState = true } = {}) {
    soon(`row:${id}`, () => refreshRow(id));
    soon('counts', refreshCounts, 500);
    if (id !== openedId()) return;
    soon(`tail:${messageId}`, () => refreshTail(id, messageId));
    if (isState) soon('head', () => refreshHead(id));
  }
  document.addEventListener('conversation-changed', (event) => {
    touched(event.detail.conversation_id, { messageId: event.detail.message_id });
  });
  document.addEventListener('lead-changed', (event) => {
    const id = event.detail.conversation_id;
    soon(`row:${id}`, () => refreshRow(id));
    if (id === openedId()) {
      const saved = event.target.closest?.('.fold') ?? null;
      soon('lead-own', () => refreshLead(id, { isOwn: true, saved }));
      soon('head', () => refreshHead(id));
      soon('tail:null', () => refreshTail(id, null));
    }
  });
  document.addEventListener('lines', (event) => mergeLines(event.detail.html, event.detail));

  // Frames name a conversation, a lead, or both; a lead's conversations are found on the screen.
  function concerned(data) {
    const id = data.conversation_id ?? data.chat_id ?? data.message?.conversation_id ?? data.conversation?.id;
    if (Number.isInteger(id)) return [id];
    const lead = data.lead_id ?? data.lead?.id;
    const shown = [...inbox.querySelectorAll(`[data-lead="${Number(lead)}"]`)];
    return [...new Set(shown.map((node) => Number(node.dataset.id || node.dataset.conversation)))];
  }
  document.addEventListener('live', (event) => {
    const { type = '', data = {} } = event.detail;
    if (type === 'typing') {
      showTyping(data);
      return;
    }
    const ids = concerned(data || {});
    const isLead = /^lead|stage/.test(type);
    const isMessage = /message/.test(type);
    if (isMessage && !ids.length) soon('list', refreshList);
    for (const id of ids) {
      if (isMessage && id === openedId() && !/status/.test(type)) hideTyping();
      if (isLead) {
        soon(`row:${id}`, () => refreshRow(id));
        if (id === openedId()) soon('lead', () => refreshLead(id), 300);
        if (/stage/.test(type) && id === openedId()) soon('tail:null', () => refreshTail(id, null));
      } else {
        const messageId = data.message_id ?? data.message?.id ?? null;
        touched(id, { messageId: Number.isInteger(messageId) ? messageId : null, isState: !/status/.test(type) });
      }
      if (isMessage && id === openedId() && !/status/.test(type)) {
        opened().dataset.unread = '1';
        markRead();
      }
    }
  });
  document.addEventListener('live-again', () => {
    soon('list', refreshList);
    soon('counts', refreshCounts);
    if (openedId()) {
      const id = openedId();
      soon('tail:null', () => refreshTail(id, null));
      soon('head', () => refreshHead(id));
      soon('lead', () => refreshLead(id));
    }
  });
  // Frames of the opened conversation only: who types in it.
  let watched = null;
  function watch(id) {
    if (watched && watched !== id) window.sofia.tell({ type: 'unwatch', conversation_id: watched });
    watched = id;
    if (id) window.sofia.tell({ type: 'watch', conversation_id: id });
  }
  function hideTyping() {
    const line = document.getElementById('typing');
    if (line) line.hidden = true;
  }
  function showTyping(data) {
    const line = document.getElementById('typing');
    if (!line || data.conversation_id !== openedId()) return;
    line.textContent = data.user ? line.dataset.agent.replace('{name}', data.user.name) : line.dataset.customer;
    line.hidden = false;
    clearTimeout(showTyping.timer);
    showTyping.timer = setTimeout(() => { line.hidden = true; }, 5000);
  }
  document.addEventListener('live-open', () => watch(openedId()));
  document.addEventListener('live-refused', () => soon('counts', refreshCounts));
  document.addEventListener('visibilitychange', markRead);

  // ---- htmx in this page
  let heightBefore = 0;
  document.addEventListener('htmx:beforeSwap', (event) => {
    if (event.detail.target.id === 'older') heightBefore = thread().scrollHeight;
  });
  document.addEventListener('htmx:afterSwap', (event) => {
    if (event.detail.target.id === 'older' && heightBefore) {
      dropRepeatedDays();
      thread().scrollTop += thread().scrollHeight - heightBefore;
      heightBefore = 0;
    }
    // What only answers with a dialog where something must be asked first.
    if (event.detail.target.id === 'dialog-body') {
      const dialog = document.getElementById('dialog');
      if (!dialog.open) dialog.showModal();
    }
    tellTimes();
    markCurrent();
  });
  document.addEventListener('htmx:beforeRequest', (event) => {
    // A form in the dialog stays until it is answered: what its answer fires goes through it.
    if (event.detail.target?.id !== 'dialog-body' || event.detail.elt.closest('#dialog')) return;
    const loading = document.createElement('div');
    loading.className = 'body';
    for (let index = 0; index < 4; index += 1) loading.append(Object.assign(document.createElement('div'), { className: 'skeleton' }));
    event.detail.target.replaceChildren(loading);
  });

  // ---- keyboard
  function step(by) {
    const all = [...rows.querySelectorAll('.conversation-row')];
    if (!all.length) return;
    const now = all.findIndex((row) => row.classList.contains('is-current'));
    const next = all[Math.min(all.length - 1, Math.max(0, now === -1 ? 0 : now + by))];
    next.scrollIntoView({ block: 'nearest' });
    open(Number(next.dataset.id));
  }
  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    r: () => document.dispatchEvent(new CustomEvent('compose', { detail: { mode: 'reply' } })),
    n: () => document.dispatchEvent(new CustomEvent('compose', { detail: { mode: 'note' } })),
    t: () => document.querySelector('#thread-head [data-key="t"]')?.click(),
    c: () => document.querySelector('#thread-head [data-key="c"]')?.click(),
    '/': () => search.focus(),
    '?': () => document.getElementById('shortcuts').showModal(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && event.target === search) search.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest('input, textarea, select, [contenteditable], dialog[open]') || document.querySelector('dialog[open]')) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  settlePane();
  tellTimes();
})();
