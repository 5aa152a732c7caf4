// The web chat that a brokerage puts on its own site with one line:
//   <script src="https://HOST/static/widget/v1.js" data-account="PUBLIC_KEY" async></script>
// Optional attributes: data-locale (es, en, pt), data-position (right, left), data-color (#rrggbb), data-theme
// (auto, light, dark), data-open ("true": opened at once), data-greeting.
//
// It needs no cookie: the visitor's token travels inside the messages and is kept in the site's own localStorage, or
// in memory where that is refused. Before the socket is opened, the look is read from
//   GET HOST/chat/PUBLIC_KEY/config.json -> {name, color, greeting, agent_name, locale, position, theme}
// and every value there is optional. Foreign text is only ever set as text, never as HTML.
(() => {
  'use strict';

  const script = document.currentScript || document.querySelector('script[data-account][src*="/widget/v1.js"]');
  if (!script || window.SofiaChat) return;
  const account = script.dataset.account;
  if (!account) return;
  const host = new URL(script.src, location.href).origin;
  const socketUrl = `${host.replace(/^http/, 'ws')}/ws/webchat/${encodeURIComponent(account)}/`;

  // ---- words
  const WORDS = {
    es: {
      open: 'Abrir el chat', close: 'Cerrar el chat', unread: (n) => (n === 1 ? '1 mensaje nuevo' : `${n} mensajes nuevos`),
      placeholder: 'Escribe un mensaje', send: 'Enviar', online: 'Responde al instante', connecting: 'Conectando…',
      offline: 'Sin conexión. Tus mensajes se enviarán al volver.', typing: (who) => `${who} está escribiendo`,
      you: 'Tú', today: 'Hoy', yesterday: 'Ayer', pending: 'Pendiente', sent: 'Enviado', delivered: 'Entregado', read: 'Leído',
      failed: 'No se envió', retry: 'Reintentar', file: 'Abrir archivo', image: 'Imagen', messages: 'Mensajes', slow: 'Vas muy rápido. Espera un momento.',
      newTab: 'se abre en otra pestaña', greeting: 'Hola 👋 ¿Qué propiedad estás buscando?', title: 'Conversemos', gone: 'Este chat no está disponible.',
    },
    en: {
      open: 'Open the chat', close: 'Close the chat', unread: (n) => (n === 1 ? '1 new message' : `${n} new messages`),
      placeholder: 'Write a message', send: 'Send', online: 'Answers right away', connecting: 'Connecting…',
      offline: 'No connection. Your messages go out when it is back.', typing: (who) => `${who} is typing`,
      you: 'You', today: 'Today', yesterday: 'Yesterday', pending: 'Pending', sent: 'Sent', delivered: 'Delivered', read: 'Read',
      failed: 'Not sent', retry: 'Try again', file: 'Open file', image: 'Image', messages: 'Messages', slow: 'That was too fast. Wait a moment.',
      newTab: 'opens in a new tab', greeting: 'Hello 👋 What kind of home are you looking for?', title: 'Let us talk', gone: 'This chat is not available.',
    },
    pt: {
      open: 'Abrir o chat', close: 'Fechar o chat', unread: (n) => (n === 1 ? '1 mensagem nova' : `${n} mensagens novas`),
      placeholder: 'Escreva uma mensagem', send: 'Enviar', online: 'Responde na hora', connecting: 'Conectando…',
      offline: 'Sem conexão. Suas mensagens serão enviadas quando ela voltar.', typing: (who) => `${who} está digitando`,
      you: 'Você', today: 'Hoje', yesterday: 'Ontem', pending: 'Pendente', sent: 'Enviada', delivered: 'Entregue', read: 'Lida',
      failed: 'Não enviada', retry: 'Tentar de novo', file: 'Abrir arquivo', image: 'Imagem', messages: 'Mensagens', slow: 'Rápido demais. Espere um momento.',
      newTab: 'abre em outra aba', greeting: 'Olá 👋 Que imóvel você procura?', title: 'Vamos conversar', gone: 'Este chat não está disponível.',
    },
  };
  const spoken = (tag) => (WORDS[String(tag || '').slice(0, 2).toLowerCase()] ? String(tag).slice(0, 2).toLowerCase() : null);
  const pageLocale = () => spoken(script.dataset.locale) || spoken(document.documentElement.lang);
  let locale = pageLocale() || spoken(navigator.language) || 'es';
  let words = WORDS[locale];

  // ---- what is remembered on this site
  const storageKey = `sofia-chat:${account}`;
  const memory = { token: null, readSeq: 0, outbox: [] };
  try {
    Object.assign(memory, JSON.parse(localStorage.getItem(storageKey) || '{}'));
    if (!Array.isArray(memory.outbox)) memory.outbox = [];
  } catch {
    // Storage is refused (private mode, blocked third party) or was tampered with: this page's memory serves.
  }
  function remember() {
    try {
      localStorage.setItem(storageKey, JSON.stringify(memory));
    } catch {
      // As above: the conversation then lasts as long as the page.
    }
  }
  function uuid() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  // ---- look
  const STYLE = `
    :host { all: initial; position: fixed; z-index: 2147483000; inset: auto; }
    * { box-sizing: border-box; margin: 0; }
    [hidden] { display: none !important; }
    .root { --brand: #0b6152; --on-brand: #fff; --brand-text: #0b6152; --paper: #f7f4ee; --surface: #fff; --raised: #f2ede4; --ink: #211c15; --ink-2: #5f5648;
      --line: #e3dbcd; --danger: #a42116; --mine: var(--brand); --on-mine: var(--on-brand);
      font: 400 15px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; color: var(--ink); -webkit-font-smoothing: antialiased; }
    .root.dark { --brand-text: #7bd8c3; --paper: #15130f; --surface: #211e19; --raised: #2b2721; --ink: #f3eee5; --ink-2: #b6ab9b; --line: #39342c; --danger: #ff9c8e; }
    button, textarea { font: inherit; color: inherit; }
    button { cursor: pointer; }
    :focus-visible { outline: 2px solid var(--brand-text); outline-offset: 2px; }
    .launcher { position: fixed; right: 20px; bottom: max(20px, env(safe-area-inset-bottom)); display: grid; place-items: center; width: 60px; height: 60px; border: 0; border-radius: 50%;
      background: var(--brand); color: var(--on-brand); box-shadow: 0 8px 24px -6px rgb(30 20 5 / 45%); transition: transform .18s cubic-bezier(.2,.7,.2,1); }
    .launcher:hover { transform: translateY(-2px); }
    .launcher:focus-visible { outline: 3px solid var(--brand); outline-offset: 3px; }
    .launcher svg { width: 28px; height: 28px; }
    .left .launcher { right: auto; left: 20px; }
    .badge { position: absolute; top: -4px; right: -4px; min-width: 22px; height: 22px; padding: 0 6px; border: 2px solid #fff; border-radius: 11px; background: #b02418; color: #fff; font-size: 12px; font-weight: 700; line-height: 18px; text-align: center; }
    .panel { position: fixed; right: 20px; bottom: 92px; display: flex; flex-direction: column; width: 380px; height: min(640px, calc(100dvh - 116px)); overflow: hidden;
      border: 1px solid var(--line); border-radius: 18px; background: var(--paper); box-shadow: 0 24px 64px -16px rgb(30 20 5 / 45%); animation: rise .22s cubic-bezier(.2,.7,.2,1); }
    .left .panel { right: auto; left: 20px; }
    @keyframes rise { from { opacity: 0; transform: translateY(12px); } }
    header { display: flex; gap: 12px; align-items: center; padding: 14px 12px 14px 16px; background: var(--brand); color: var(--on-brand); }
    .face { flex: none; display: grid; place-items: center; width: 40px; height: 40px; border-radius: 50%; background: color-mix(in srgb, var(--on-brand) 18%, transparent); font-weight: 700; }
    .who { flex: 1; min-width: 0; }
    .who strong { display: block; overflow: hidden; font-size: 16px; text-overflow: ellipsis; white-space: nowrap; }
    .who span { font-size: 13px; opacity: .92; }
    .x { flex: none; display: grid; place-items: center; width: 40px; height: 40px; border: 0; border-radius: 10px; background: none; color: inherit; }
    .x:hover { background: color-mix(in srgb, var(--on-brand) 14%, transparent); }
    .x:focus-visible { outline-color: var(--on-brand); }
    .x svg { width: 22px; height: 22px; }
    .notice { padding: 8px 16px; background: #fdebc4; color: #5f3f00; font-size: 13px; }
    .log { flex: 1; display: flex; flex-direction: column; gap: 3px; overflow-y: auto; overscroll-behavior: contain; padding: 16px 14px 8px; }
    .day { align-self: center; margin: 10px 0 8px; color: var(--ink-2); font-size: 12px; font-weight: 600; }
    .item { display: flex; flex-direction: column; max-width: 84%; align-self: flex-start; align-items: flex-start; }
    .item.mine { align-self: flex-end; align-items: flex-end; }
    .item.first { margin-top: 9px; }
    .item.asking { max-width: none; align-self: stretch; }
    .item.asking .bubble { max-width: 84%; }
    .name { margin: 0 0 2px 4px; color: var(--ink-2); font-size: 12px; font-weight: 600; }
    .bubble { padding: 9px 13px; border: 1px solid var(--line); border-radius: 16px; background: var(--surface); overflow-wrap: anywhere; white-space: pre-wrap; }
    .mine .bubble { border-color: transparent; background: var(--mine); color: var(--on-mine); border-bottom-right-radius: 5px; }
    .item:not(.mine) .bubble { border-bottom-left-radius: 5px; }
    .bubble a { color: var(--brand-text); text-underline-offset: 2px; }
    .mine .bubble a { color: inherit; }
    .bubble.picture { padding: 3px; overflow: hidden; }
    .bubble img { display: block; max-width: 100%; max-height: 300px; border-radius: 12px; }
    .meta { display: flex; gap: 4px; align-items: center; margin: 2px 4px 0; color: var(--ink-2); font-size: 11px; }
    .meta svg { flex: none; width: 14px; height: 14px; }
    .meta.failed { justify-content: flex-end; color: var(--danger); font-size: 12px; text-align: right; }
    .meta button { padding: 2px 4px; border: 0; background: none; color: inherit; font-weight: 700; text-decoration: underline; }
    .choices { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 7px; }
    .choices button { min-height: 38px; padding: 6px 14px; border: 1.5px solid var(--brand-text); border-radius: 19px; background: var(--surface); color: var(--brand-text); font-weight: 600; }
    .choices button:hover { background: var(--raised); }
    .typing { display: flex; gap: 4px; align-items: center; align-self: flex-start; margin: 9px 0 4px; padding: 12px 14px; border: 1px solid var(--line); border-radius: 16px; background: var(--surface); }
    .typing i { width: 7px; height: 7px; border-radius: 50%; background: var(--ink-2); animation: blink 1.2s infinite; }
    .typing i:nth-child(2) { animation-delay: .15s; }
    .typing i:nth-child(3) { animation-delay: .3s; }
    @keyframes blink { 0%, 60%, 100% { opacity: .25; } 30% { opacity: 1; } }
    form { display: flex; gap: 8px; align-items: flex-end; padding: 10px 10px max(10px, env(safe-area-inset-bottom)) 14px; border-top: 1px solid var(--line); background: var(--surface); }
    textarea { flex: 1; min-height: 42px; max-height: 128px; padding: 10px 0; border: 0; background: none; resize: none; font-size: 16px; line-height: 1.4; outline: none; }
    textarea::placeholder { color: var(--ink-2); opacity: 1; }
    textarea:focus-visible { outline: none; }
    form:focus-within { box-shadow: inset 0 2px 0 var(--brand-text); }
    .send { flex: none; display: grid; place-items: center; width: 42px; height: 42px; border: 0; border-radius: 50%; background: var(--brand); color: var(--on-brand); }
    .send:disabled { background: var(--raised); color: var(--ink-2); cursor: default; }
    .send svg { width: 20px; height: 20px; }
    .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    @media (max-width: 480px) {
      .panel, .left .panel { inset: 0; width: 100%; height: var(--visible, 100dvh); border: 0; border-radius: 0; }
      .opened .launcher { display: none; }
    }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
  `;
  const PATHS = {
    chat: 'M4 5.500h16a1.500 1.500 0 0 1 1.500 1.500v9a1.500 1.500 0 0 1-1.500 1.500h-8L7 21v-3.500H4A1.500 1.500 0 0 1 2.500 16V7A1.500 1.500 0 0 1 4 5.500ZM8 12c1 1.500 2.400 2.200 4 2.200s3-.7 4-2.200',
    down: 'm6 9 6 6 6-6', close: 'M18 6 6 18M6 6l12 12', send: 'M12 19V5M5 12l7-7 7 7',
    clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 4.500V12l3 2', tick: 'm5 12.500 4.500 4.500L19 7.500', ticks: 'M17.500 6.500 7 17l-5-5M22 10l-7.500 7.500L13 16',
    alert: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 4.500v5.500m0 3.200v.1',
  };
  function el(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }
  function drawing(name) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', 'stroke-width': '2', 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true' })) svg.setAttribute(key, value);
    path.setAttribute('d', PATHS[name]);
    svg.append(path);
    return svg;
  }

  const element = el('div');
  element.id = 'sofia-chat';
  const shadow = element.attachShadow({ mode: 'open' });
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
  } catch {
    // Browsers before constructable style sheets.
    shadow.append(el('style', '', STYLE));
  }
  const root = el('div', 'root');
  const launcher = el('button', 'launcher');
  launcher.type = 'button';
  launcher.setAttribute('aria-controls', 'panel');
  const badge = el('span', 'badge');
  badge.setAttribute('aria-hidden', 'true');
  badge.hidden = true;
  const panel = el('section', 'panel');
  panel.id = 'panel';
  panel.setAttribute('role', 'dialog');
  panel.setAttribute('aria-labelledby', 'title');
  panel.hidden = true;
  const header = el('header');
  const face = el('span', 'face');
  face.setAttribute('aria-hidden', 'true');
  const who = el('div', 'who');
  const title = el('strong');
  title.id = 'title';
  const state = el('span');
  who.append(title, state);
  const closer = el('button', 'x');
  closer.type = 'button';
  closer.append(drawing('close'));
  header.append(face, who, closer);
  const notice = el('p', 'notice');
  notice.setAttribute('role', 'status');
  notice.hidden = true;
  const log = el('div', 'log');
  log.setAttribute('role', 'log');
  log.setAttribute('aria-live', 'polite');
  log.tabIndex = 0;
  const typing = el('div', 'typing');
  typing.hidden = true;
  const typingWords = el('span', 'sr');
  typing.append(el('i'), el('i'), el('i'), typingWords);
  const form = el('form');
  const input = el('textarea');
  input.rows = 1;
  input.maxLength = 4000;
  input.setAttribute('enterkeyhint', 'send');
  const send = el('button', 'send');
  send.type = 'submit';
  send.disabled = true;
  send.append(drawing('send'));
  form.append(input, send);
  panel.append(header, notice, log, form);
  root.append(panel, launcher);
  shadow.append(root);

  // ---- settings: attributes of the script win over the account's
  const settings = { name: '', agent_name: 'Sofía', color: '#0b6152', greeting: '', position: 'right', theme: 'auto' };
  const darkMode = matchMedia('(prefers-color-scheme: dark)');

  function luminance(color) {
    const channels = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255);
    const [red, green, blue] = channels.map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  const ratio = (one, two) => (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
  function mixed(color, target, share) {
    return `#${[1, 3, 5].map((at) => {
      const value = parseInt(color.slice(at, at + 2), 16);
      return Math.round(value + (target - value) * share).toString(16).padStart(2, '0');
    }).join('')}`;
  }
  function readable(color, background, target) {
    let share = 0;
    while (ratio(luminance(mixed(color, target, share)), luminance(background)) < 4.6 && share < 1) share += 0.05;
    return mixed(color, target, Math.min(share, 1));
  }

  function applySettings(config) {
    for (const key of Object.keys(settings)) if (typeof config?.[key] === 'string' && config[key]) settings[key] = config[key];
    for (const key of ['color', 'greeting', 'position', 'theme']) if (script.dataset[key]) settings[key] = script.dataset[key];
    if (!/^#[0-9a-f]{6}$/i.test(settings.color)) settings.color = '#0b6152';
    if (!pageLocale() && spoken(config?.locale)) locale = spoken(config.locale);
    words = WORDS[locale];

    const isDark = settings.theme === 'dark' || (settings.theme !== 'light' && darkMode.matches);
    const brightness = luminance(settings.color);
    root.classList.toggle('dark', isDark);
    root.classList.toggle('left', settings.position === 'left');
    root.style.setProperty('--brand', settings.color);
    root.style.setProperty('--on-brand', ratio(brightness, 1) >= 4.5 ? '#ffffff' : '#17130d');
    root.style.setProperty('--brand-text', isDark ? readable(settings.color, '#2b2721', 255) : readable(settings.color, '#f2ede4', 0));
    root.lang = locale;
    title.textContent = settings.name || settings.agent_name || words.title;
    face.textContent = (settings.agent_name || settings.name || 'S').trim().charAt(0).toUpperCase();
    closer.setAttribute('aria-label', words.close);
    log.setAttribute('aria-label', words.messages);
    input.placeholder = words.placeholder;
    input.setAttribute('aria-label', words.placeholder);
    send.setAttribute('aria-label', words.send);
    showState();
    draw();
  }
  darkMode.addEventListener('change', () => applySettings(null));

  // ---- messages: by server id once stored, by client id before
  const stored = new Map();
  const nodes = new Map();
  let lastSeq = 0;
  let isOpen = false;
  let isDrawn = false;
  let typingTimer = 0;

  const outboxItem = (clientId) => memory.outbox.find((item) => item.client_id === clientId);
  function forget(clientId) {
    const before = memory.outbox.length;
    memory.outbox = memory.outbox.filter((item) => item.client_id !== clientId);
    if (memory.outbox.length !== before) remember();
  }
  function store(message) {
    if (!message || message.id === undefined) return;
    stored.set(String(message.id), message);
    lastSeq = Math.max(lastSeq, Number(message.seq) || 0);
    if (message.client_id) forget(message.client_id);
    if (message.direction === 'out') hideTyping();
  }
  const keyOf = (item) => item.client_id || `id:${item.id}`;

  function showTyping(name) {
    typingWords.textContent = words.typing(name || settings.agent_name);
    typing.hidden = false;
    log.append(typing);
    clearTimeout(typingTimer);
    typingTimer = setTimeout(hideTyping, 6000);
    toEnd();
  }
  function hideTyping() {
    clearTimeout(typingTimer);
    typing.hidden = true;
  }
  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  const toEnd = () => { log.scrollTop = log.scrollHeight; };

  function safeUrl(value) {
    try {
      const url = new URL(value, host);
      return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
    } catch {
      return null;
    }
  }
  function anchor(href, text) {
    const link = el('a', '', text);
    link.href = href;
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow ugc';
    link.append(el('span', 'sr', ` (${words.newTab})`));
    return link;
  }
  const LINK = /https?:\/\/[^\s<>"']+/gi;
  function writeText(node, text) {
    let at = 0;
    for (const match of text.matchAll(LINK)) {
      const address = match[0].replace(/[.,;:!?)\]}]+$/, '');
      const href = safeUrl(address);
      if (!href) continue;
      node.append(text.slice(at, match.index), anchor(href, address));
      at = match.index + address.length;
    }
    node.append(text.slice(at));
  }
  function timeOf(item) {
    const date = new Date(item.created_at);
    return Number.isNaN(date.getTime()) ? new Date() : date;
  }
  function dayName(date) {
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86400000);
    if (days === 0) return words.today;
    if (days === 1) return words.yesterday;
    return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long' }).format(date);
  }

  function tickOf(item) {
    if (item.failed) return ['alert', words.failed];
    if (item.isPending) return ['clock', words.pending];
    if (item.status === 'read') return ['ticks', words.read];
    if (item.status === 'delivered') return ['ticks', words.delivered];
    return ['tick', words.sent];
  }

  function buildItem(item, isFirst, isLast) {
    const isMine = item.direction === 'in';
    const box = el('div', `item${isMine ? ' mine' : ''}${isFirst ? ' first' : ''}`);
    if (isFirst) box.append(el('span', isMine ? 'sr' : 'name', isMine ? words.you : item.sender_name || settings.agent_name));
    const media = item.media && safeUrl(item.media.url);
    if (media && String(item.media.mime).startsWith('image/')) {
      const frame = el('a', 'bubble picture');
      frame.href = media;
      frame.target = '_blank';
      frame.rel = 'noopener noreferrer';
      const picture = el('img');
      picture.alt = item.media.name || words.image;
      picture.loading = 'lazy';
      picture.addEventListener('load', () => { if (isAtEnd()) toEnd(); });
      picture.src = media;
      frame.append(picture);
      box.append(frame);
    } else if (media) {
      const file = el('div', 'bubble');
      file.append(anchor(media, item.media.name || words.file));
      box.append(file);
    }
    if (item.text) {
      const bubble = el('div', 'bubble');
      writeText(bubble, String(item.text));
      box.append(bubble);
    }
    if (item.failed) {
      const meta = el('div', 'meta failed');
      const again = el('button', '', words.retry);
      again.type = 'button';
      again.addEventListener('click', () => retry(item.client_id));
      meta.append(drawing('alert'), el('span', '', item.failed === 'slow' ? words.slow : words.failed), again);
      box.append(meta);
    } else if (isLast || item.isPending) {
      const meta = el('div', 'meta');
      meta.append(el('time', '', new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' }).format(timeOf(item))));
      if (isMine) {
        const [name, label] = tickOf(item);
        meta.append(drawing(name), el('span', 'sr', label));
      }
      box.append(meta);
    }
    return box;
  }
  function addChoices(box, item) {
    box.classList.add('asking'); // the choices may use the whole width, what is said does not
    const choices = el('div', 'choices');
    for (const button of item.buttons) {
      const choice = el('button', '', String(button.title));
      choice.type = 'button';
      choice.addEventListener('click', () => {
        enqueue({ type: 'reply', message_id: item.id, reply_id: button.id, title: String(button.title) });
        input.focus();
      });
      choices.append(choice);
    }
    box.append(choices);
  }

  function thread() {
    const items = [...stored.values()].sort((one, two) => one.seq - two.seq);
    const known = new Set(items.map((item) => item.client_id).filter(Boolean));
    const waiting = memory.outbox.filter((item) => !known.has(item.client_id))
      .map((item) => ({ ...item, direction: 'in', text: item.type === 'reply' ? item.title : item.text, isPending: true }));
    const greeting = settings.greeting || words.greeting;
    const first = items[0] || waiting[0];
    const opening = items[0]?.direction === 'out' ? [] : [{
      id: 'greeting', seq: 0, direction: 'out', sender_name: settings.agent_name, text: greeting,
      created_at: first ? first.created_at : new Date().toISOString(),
    }];
    return [...opening, ...items, ...waiting];
  }

  // Nodes are kept by key and rebuilt only when what they show has changed, so a screen reader hears only what is new.
  function draw() {
    const wasAtEnd = !isDrawn || isAtEnd();
    const items = thread();
    const wanted = [];
    let previous = null;
    items.forEach((item, index) => {
      const day = timeOf(item).toDateString();
      if (previous && previous.day !== day) wanted.push(keep(`day:${day}`, locale, () => el('div', 'day', dayName(timeOf(item)))));
      const next = items[index + 1];
      const isFirst = !previous || previous.direction !== item.direction || previous.sender !== item.sender_name || previous.day !== day;
      const isLast = !next || next.direction !== item.direction;
      const hasChoices = !next && item.direction === 'out' && Array.isArray(item.buttons) && item.buttons.length > 0;
      const shown = [isFirst, isLast, hasChoices, item.isPending, item.failed, item.status, item.text, item.media?.url, locale].join('|');
      wanted.push(keep(keyOf(item), shown, () => {
        const box = buildItem(item, isFirst, isLast);
        if (hasChoices) addChoices(box, item);
        return box;
      }));
      previous = { day, direction: item.direction, sender: item.sender_name };
    });
    for (const [key, entry] of nodes) {
      if (!wanted.includes(entry.node)) {
        entry.node.remove();
        nodes.delete(key);
      }
    }
    wanted.forEach((node, index) => {
      if (log.children[index] !== node) log.insertBefore(node, log.children[index] || null);
    });
    if (!typing.hidden) log.append(typing);
    if (wasAtEnd) toEnd();
    isDrawn = true;
    showUnread();
  }
  function keep(key, shown, build) {
    const entry = nodes.get(key);
    if (entry && entry.shown === shown) return entry.node;
    const node = build();
    if (entry) entry.node.replaceWith(node);
    nodes.set(key, { node, shown });
    return node;
  }

  function showUnread() {
    if (isOpen && document.visibilityState === 'visible') {
      const newest = Math.max(0, ...[...stored.values()].filter((item) => item.direction === 'out').map((item) => Number(item.seq) || 0));
      if (newest > memory.readSeq) {
        memory.readSeq = newest;
        remember();
        transmit({ type: 'read', seq: newest });
      }
    }
    const unread = [...stored.values()].filter((item) => item.direction === 'out' && item.seq > memory.readSeq).length;
    badge.hidden = isOpen || unread === 0;
    badge.textContent = unread > 9 ? '9+' : String(unread);
    launcher.setAttribute('aria-label', isOpen ? words.close : unread ? `${words.open}, ${words.unread(unread)}` : words.open);
    launcher.setAttribute('aria-expanded', String(isOpen));
  }

  // ---- sending: what is not acknowledged stays in the outbox and goes out again with the same client id
  function enqueue(frame) {
    memory.outbox.push({ ...frame, client_id: uuid(), created_at: new Date().toISOString() });
    remember();
    toEnd();
    draw();
    toEnd();
    connect();
    flush();
  }
  function flush() {
    if (!isReady) return;
    for (const item of memory.outbox) {
      if (item.failed || inFlight.has(item.client_id)) continue;
      const { created_at: _created, failed: _failed, ...frame } = item;
      if (transmit(frame)) inFlight.add(item.client_id);
    }
  }
  function retry(clientId) {
    const item = outboxItem(clientId);
    if (!item) return;
    delete item.failed;
    inFlight.delete(clientId);
    remember();
    draw();
    connect();
    flush();
  }

  // ---- the socket
  const inFlight = new Set();
  let socket = null;
  let isReady = false;
  let isGone = false;
  let attempts = 0;
  let reconnectTimer = 0;
  let pingTimer = 0;
  let lastHeard = 0;
  let hadTrouble = false;

  function transmit(frame) {
    if (!isReady || !socket || socket.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(frame));
    return true;
  }
  function connect() {
    if (isGone || socket || navigator.onLine === false) {
      showState();
      return;
    }
    clearTimeout(reconnectTimer);
    let opened;
    try {
      opened = new WebSocket(socketUrl);
    } catch {
      // The page's own content security policy refuses the connection: trying again later costs nothing.
      later();
      return;
    }
    socket = opened;
    showState();
    opened.onopen = () => {
      lastHeard = Date.now();
      opened.send(JSON.stringify({
        type: 'hello', token: memory.token, since: lastSeq, locale,
        page: { url: location.href.slice(0, 2000), title: document.title.slice(0, 300), referrer: document.referrer.slice(0, 2000) },
      }));
      pingTimer = setInterval(() => {
        if (Date.now() - lastHeard > 45000) opened.close();
        else if (Date.now() - lastHeard > 20000) transmit({ type: 'ping' });
      }, 10000);
    };
    opened.onmessage = (event) => {
      lastHeard = Date.now();
      let frame;
      try {
        frame = JSON.parse(event.data);
      } catch {
        return; // not ours: a proxy's text
      }
      receive(frame);
    };
    opened.onclose = (event) => {
      if (socket !== opened) return;
      drop();
      if (event.code === 4404 || event.code === 4403) {
        isGone = true;
        showState();
        return;
      }
      later();
    };
  }
  function drop() {
    const line = socket;
    socket = null;
    isReady = false;
    clearInterval(pingTimer);
    inFlight.clear();
    line?.close();
  }
  function later() {
    hadTrouble = true;
    showState();
    clearTimeout(reconnectTimer);
    const ceiling = Math.min(30000, 800 * 2 ** attempts);
    attempts = Math.min(attempts + 1, 8);
    reconnectTimer = setTimeout(connect, ceiling / 2 + Math.random() * (ceiling / 2));
  }

  function receive(frame) {
    switch (frame?.type) {
      case 'welcome':
        memory.token = frame.token || memory.token;
        remember();
        isReady = true;
        attempts = 0;
        hadTrouble = false;
        for (const message of frame.messages || []) store(message);
        lastSeq = Math.max(lastSeq, Number(frame.seq) || 0);
        applySettings(frame.config);
        flush();
        break;
      case 'message':
        store(frame.message);
        draw();
        break;
      case 'ack':
        inFlight.delete(frame.client_id);
        forget(frame.client_id);
        store({ ...frame.message, client_id: frame.client_id });
        draw();
        break;
      case 'status': {
        const message = stored.get(String(frame.id));
        if (message) message.status = frame.status;
        draw();
        break;
      }
      case 'typing':
        showTyping(typeof frame.who === 'string' ? frame.who : '');
        break;
      case 'error':
        refuse(frame);
        break;
      default: // pong, and frames of a newer server
    }
  }
  function refuse(frame) {
    if (frame.client_id) {
      const item = outboxItem(frame.client_id);
      if (item) item.failed = String(frame.code).includes('rate') || String(frame.code).includes('limit') ? 'slow' : 'refused';
      inFlight.delete(frame.client_id);
      remember();
      draw();
    } else if (String(frame.code).includes('token') && memory.token) {
      memory.token = null;
      lastSeq = 0;
      stored.clear();
      remember();
      socket?.close();
    }
  }

  function showState() {
    const isOffline = navigator.onLine === false || (hadTrouble && !isReady);
    state.textContent = isReady || !isOpen ? words.online : words.connecting;
    notice.textContent = isGone ? words.gone : words.offline;
    notice.hidden = !(isGone || isOffline);
    input.disabled = isGone;
    if (isGone) state.textContent = '';
  }

  // ---- opening and closing
  function open() {
    if (isOpen) return;
    isOpen = true;
    panel.hidden = false;
    root.classList.add('opened');
    launcher.replaceChildren(drawing('down'), badge);
    connect();
    showState();
    draw();
    toEnd();
    fitKeyboard();
    input.focus({ preventScroll: true });
  }
  function close() {
    if (!isOpen) return;
    isOpen = false;
    panel.hidden = true;
    root.classList.remove('opened');
    launcher.replaceChildren(drawing('chat'), badge);
    showUnread();
    launcher.focus({ preventScroll: true });
  }
  // On a phone the on-screen keyboard covers the layout viewport; only the visual one says what is seen.
  function fitKeyboard() {
    if (window.visualViewport) root.style.setProperty('--visible', `${Math.round(window.visualViewport.height)}px`);
  }
  window.visualViewport?.addEventListener('resize', fitKeyboard);

  launcher.addEventListener('click', () => (isOpen ? close() : open()));
  closer.addEventListener('click', close);
  panel.addEventListener('keydown', (event) => {
    event.stopPropagation(); // the site's own shortcuts must not eat what is typed
    if (event.key === 'Escape') close();
    if (event.key !== 'Tab') return;
    const stops = [...panel.querySelectorAll('a[href], button, textarea, [tabindex="0"]')].filter((node) => !node.disabled && node.offsetParent !== null);
    const first = stops[0];
    const last = stops[stops.length - 1];
    if (event.shiftKey && shadow.activeElement === first) {
      event.preventDefault();
      last.focus();
    } else if (!event.shiftKey && shadow.activeElement === last) {
      event.preventDefault();
      first.focus();
    }
  });

  let typedAt = 0;
  function grow() {
    input.style.height = 'auto';
    input.style.height = `${Math.min(input.scrollHeight, 128)}px`;
    send.disabled = !input.value.trim();
  }
  input.addEventListener('input', () => {
    grow();
    if (input.value.trim() && Date.now() - typedAt > 3000) {
      typedAt = Date.now();
      transmit({ type: 'typing' });
    }
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = '';
    typedAt = 0;
    grow();
    enqueue({ type: 'message', text });
  });

  // ---- the page's own life
  // A line that outlived a change of network may be dead without knowing it.
  window.addEventListener('online', () => {
    attempts = 0;
    drop();
    if (isOpen || memory.token) connect();
  });
  window.addEventListener('offline', () => {
    drop();
    hadTrouble = true;
    showState();
  });
  window.addEventListener('pageshow', (event) => { if (event.persisted && memory.token) connect(); });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible') return;
    if (!socket && (isOpen || memory.token)) connect();
    showUnread();
  });

  window.SofiaChat = { open, close, toggle: () => (isOpen ? close() : open()) };

  function start() {
    document.body.append(element);
    launcher.replaceChildren(drawing('chat'), badge);
    applySettings(null);
    fetch(`${host}/chat/${encodeURIComponent(account)}/config.json`, { credentials: 'omit' })
      .then((answer) => (answer.ok ? answer.json() : null))
      .then((config) => config && applySettings(config), () => applySettings(null)) // without it the defaults serve
      .finally(() => {
        if (memory.token || memory.outbox.length) connect(); // a returning visitor sees what came meanwhile
        if (script.dataset.open === 'true') open();
      });
  }
  if (document.body) start();
  else document.addEventListener('DOMContentLoaded', start);
})();
