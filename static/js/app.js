// What every page shares: htmx settings, toasts, dialogs, menus, theme. No inline script anywhere, so a strict CSP holds.
(() => {
  'use strict';

  const root = document.documentElement;
  const icon = (name) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    use.setAttribute('href', `${root.dataset.sprite}#${name}`);
    svg.append(use);
    return svg;
  };

  // ---- toasts
  const TOAST_ICONS = { success: 'circle-check', error: 'circle-alert', warning: 'triangle-alert', info: 'info' };
  const toasts = () => document.getElementById('toasts');

  function arm(toast) {
    toast.querySelector('.close').addEventListener('click', () => toast.remove());
    if (toast.classList.contains('error')) return;
    let timer = setTimeout(() => toast.remove(), toast.querySelector('.act') ? 12000 : 6000);
    toast.addEventListener('pointerenter', () => clearTimeout(timer));
    toast.addEventListener('pointerleave', () => { timer = setTimeout(() => toast.remove(), 3000); });
  }

  // `action` is { label, run } or { label, url }: a button that does something about it, most often takes it back.
  function showToast(message, level = 'info', action = null) {
    const known = TOAST_ICONS[level] ? level : 'info';
    const toast = document.createElement('div');
    toast.className = `toast ${known}`;
    toast.setAttribute('role', known === 'error' ? 'alert' : 'status');
    const words = document.createElement('p');
    words.textContent = message;
    const close = document.createElement('button');
    close.type = 'button';
    close.className = 'close';
    close.setAttribute('aria-label', root.dataset.wordClose);
    close.append(icon('x'));
    toast.append(icon(TOAST_ICONS[known]), words, ...(action ? [actor(action, toast)] : []), close);
    toasts().append(toast);
    while (toasts().children.length > 4) toasts().firstElementChild.remove();
    arm(toast);
  }

  function actor(action, toast) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'act';
    button.textContent = action.label;
    button.addEventListener('click', () => {
      toast.remove();
      if (action.run) action.run();
      else request(action.url, { method: 'POST' }).catch(() => showToast(root.dataset.wordOffline, 'error'));
    });
    return button;
  }

  // ---- requests by script, with what htmx adds: the token, the mark, and the events that an answer fires
  async function request(url, { method = 'GET', body, signal } = {}) {
    const headers = { 'HX-Request': 'true' };
    if (method !== 'GET') headers['X-CSRFToken'] = JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRFToken'];
    const answer = await fetch(url, { method, body, headers, signal, credentials: 'same-origin' });
    if (answer.status === 401) window.location.assign(root.dataset.login);
    const events = JSON.parse(answer.headers.get('HX-Trigger') || '{}');
    for (const [name, detail] of Object.entries(events)) document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
    return { status: answer.status, isOk: answer.ok, hasWords: 'toast' in events, html: answer.status === 204 ? '' : await answer.text() };
  }

  window.sofia = { showToast, icon, request };

  // ---- theme: a cookie, so that the server can write it into <html> and no page flashes
  function setTheme(theme) {
    if (theme === 'system') {
      delete root.dataset.theme;
      document.cookie = 'theme=; path=/; max-age=0; samesite=lax';
    } else {
      root.dataset.theme = theme;
      document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    }
    markTheme();
  }

  function markTheme() {
    const now = root.dataset.theme || 'system';
    for (const control of document.querySelectorAll('[data-set-theme]')) {
      const isCurrent = control.dataset.setTheme === now;
      control.setAttribute('aria-pressed', isCurrent);
    }
  }

  // ---- clicks
  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;

    const theme = target.closest('[data-set-theme]');
    if (theme) setTheme(theme.dataset.setTheme);

    const opener = target.closest('[data-dialog]');
    if (opener) {
      event.preventDefault();
      document.getElementById(opener.dataset.dialog)?.showModal();
    }
    if (target.closest('[data-close]')) target.closest('dialog')?.close();
    if (target instanceof HTMLDialogElement && event.target === event.composedPath()[0]) {
      const box = target.getBoundingClientRect();
      const isInside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!isInside && event.detail > 0) target.close();
    }

    const reveal = target.closest('.reveal');
    if (reveal) {
      const input = reveal.parentElement.querySelector('input');
      const isHidden = input.type === 'password';
      input.type = isHidden ? 'text' : 'password';
      reveal.setAttribute('aria-pressed', isHidden);
    }

    const copy = target.closest('[data-copy]');
    if (copy) {
      const source = document.getElementById(copy.dataset.copy);
      navigator.clipboard.writeText(source.value ?? source.innerText.trim()).then(
        () => showToast(copy.dataset.copied, 'success'),
        () => showToast(copy.dataset.failed, 'error'),
      );
    }

    for (const menu of document.querySelectorAll('details.menu[open]')) {
      if (!menu.contains(target) || target.closest('.items a, .items button:not([data-keep-open])')) menu.open = false;
    }
  });

  // ---- menus by keyboard: arrows move, Escape closes
  document.addEventListener('keydown', (event) => {
    const menu = document.activeElement?.closest?.('details.menu[open]');
    if (!menu) return;
    if (event.key === 'Escape') {
      menu.open = false;
      menu.querySelector('summary').focus();
      event.stopPropagation();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const items = [...menu.querySelectorAll('.items .item')];
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const next = (items.indexOf(document.activeElement) + step + items.length) % items.length;
      items[next]?.focus();
      event.preventDefault();
    }
  });

  document.addEventListener('change', (event) => {
    if (event.target instanceof HTMLSelectElement && event.target.hasAttribute('data-submit')) event.target.form.requestSubmit();
  });

  // ---- a form is sent once
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === 'dialog' || form.hasAttribute('hx-post')) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = 'yes';
    setTimeout(() => delete form.dataset.sent, 5000);
  });

  // ---- htmx
  document.addEventListener('toast', (event) => showToast(event.detail.message, event.detail.level, event.detail.action));
  // Not those that a page opens by itself: the answer to an earlier step would close what somebody opened meanwhile.
  document.addEventListener('close-dialog', () => {
    for (const dialog of document.querySelectorAll('dialog[open]:not([data-own])')) dialog.close();
  });
  document.addEventListener('htmx:responseError', (event) => {
    const { xhr } = event.detail;
    if (xhr.status === 401) {
      window.location.assign(root.dataset.login);
    } else if (!(xhr.getResponseHeader('HX-Trigger') || '').includes('toast')) {
      showToast(root.dataset.wordFailed, 'error');
    }
  });
  document.addEventListener('htmx:sendError', () => showToast(root.dataset.wordOffline, 'error'));

  document.addEventListener('DOMContentLoaded', () => {
    markTheme();
    document.querySelectorAll('#toasts .toast').forEach(arm);
    document.querySelector('[data-print]')?.addEventListener('click', () => window.print());
  });
})();
