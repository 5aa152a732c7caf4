// Values that are edited where they stand: <span class="value" data-edit="column" data-lead="7">. The server draws the form,
// checks what was typed and draws the value again; a refusal comes back as the form with what to mend.
(() => {
  'use strict';

  const { request, showToast } = window.sofia;
  const path = (lead) => `/app/leads/${lead}/value`;
  const before = new WeakMap();
  // What is typed while the form is on its way: it goes into the field, and into no shortcut.
  let typedAhead = null;

  const isOpen = (value) => value.classList.contains('is-editing');
  const field = (value) => value.querySelector('.edit-form [name="value"]');

  function show(value, html) {
    value.innerHTML = html;
    window.sofia.tellTimes?.(value);
  }

  async function open(value) {
    if (isOpen(value) || !value.dataset.edit) return;
    for (const other of document.querySelectorAll('.value.is-editing')) close(other);
    const query = new URLSearchParams({ column: value.dataset.edit, as: value.dataset.as || '' });
    value.classList.add('is-editing');
    typedAhead = { text: '', end: '' };
    let answer;
    try {
      answer = await request(`${path(value.dataset.lead)}?${query}`);
    } catch {
      showToast(document.documentElement.dataset.wordOffline, 'error');
    }
    const ahead = typedAhead;
    typedAhead = null;
    if (!answer?.isOk) {
      value.classList.remove('is-editing');
      return;
    }
    before.set(value, value.innerHTML);
    show(value, answer.html);
    const input = field(value);
    input.dataset.first = input.value;
    input.focus();
    if (input.select && input.tagName === 'INPUT') input.select();
    if (ahead.text && input.tagName !== 'SELECT') input.value = ahead.text;
    if (ahead.end === 'Escape') close(value, { hasFocus: true });
    else if (ahead.end === 'Enter') save(value);
  }

  function close(value, { hasFocus = false } = {}) {
    if (!isOpen(value)) return;
    if (before.has(value)) show(value, before.get(value));
    before.delete(value);
    value.classList.remove('is-editing');
    if (hasFocus) rest(value);
  }

  // Where the focus goes when the form is gone: the table's cell, else the value's own button.
  function rest(value) {
    const cell = value.closest('td[tabindex]');
    (cell || value.querySelector('.lead-link, [data-edit-open]'))?.focus({ preventScroll: true });
  }

  async function save(value) {
    const form = value.querySelector('.edit-form');
    if (!form || form.dataset.busy) return;
    const hadFocus = value.contains(document.activeElement);
    const first = field(value).dataset.first;
    form.dataset.busy = 'yes';
    let answer;
    try {
      answer = await request(form.getAttribute('action'), { method: 'POST', body: new FormData(form) });
    } catch {
      delete form.dataset.busy;
      showToast(document.documentElement.dataset.wordOffline, 'error');
      return;
    }
    if (!value.isConnected || !isOpen(value)) return;
    if (answer.isOk) {
      before.delete(value);
      value.classList.remove('is-editing');
      show(value, answer.html);
      if (hadFocus) rest(value);
    } else if (answer.html) {
      show(value, answer.html);
      field(value).dataset.first = first;
      field(value).focus();
    } else {
      close(value, { hasFocus: hadFocus });
    }
  }

  document.addEventListener('click', (event) => {
    const opener = event.target.closest?.('[data-edit-open]');
    if (opener) open(opener.closest('.value'));
    const cancel = event.target.closest?.('[data-edit-cancel]');
    if (cancel) close(cancel.closest('.value'), { hasFocus: true });
  });
  document.addEventListener('dblclick', (event) => {
    const cell = event.target.closest?.('td, th, dd, .note-text');
    if (!cell || event.target.closest('a, input, select, textarea')) return;
    const value = cell.querySelector('.value[data-edit]');
    if (value) {
      window.getSelection()?.removeAllRanges();
      open(value);
    }
  });
  document.addEventListener('submit', (event) => {
    const value = event.target.closest('.value.is-editing');
    if (!value) return;
    event.preventDefault();
    save(value);
  }, true);
  document.addEventListener('change', (event) => {
    const value = event.target.closest?.('.value.is-editing');
    if (value && event.target.tagName === 'SELECT') save(value);
  });
  document.addEventListener('focusout', (event) => {
    const value = event.target.closest?.('.value.is-editing');
    if (!value || value.contains(event.relatedTarget)) return;
    // The window lost the focus, not the field.
    if (!document.hasFocus() || !field(value)) return;
    if (field(value).value === field(value).dataset.first) close(value);
    else save(value);
  });
  document.addEventListener('keydown', (event) => {
    if (typedAhead && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (event.key.length === 1 && !typedAhead.end) typedAhead.text += event.key;
      else if (event.key === 'Backspace') typedAhead.text = typedAhead.text.slice(0, -1);
      else if (event.key === 'Enter' || event.key === 'Escape') typedAhead.end ||= event.key;
      else return;
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const value = event.target.closest?.('.value.is-editing');
    if (!value) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      close(value, { hasFocus: true });
    } else if (event.key === 'Enter' && event.target.tagName === 'TEXTAREA' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save(value);
    }
  }, true);

  window.sofia.editValue = open;
})();
