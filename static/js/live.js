// The browser's line to the server: /ws/{broker}/{user}. Frames {type, data, timestamp, seq} become `live` events on the
// document; after a broken line it asks for what it missed. `live-again` says that the line was down: look once yourself.
(() => {
  'use strict';

  const inbox = document.getElementById('inbox');
  if (!inbox) return;
  const indicator = document.getElementById('live');
  const address = new URL(inbox.dataset.socket, window.location.href.replace(/^http/, 'ws'));

  let socket = null;
  let lastSeq = null;
  let attempts = 0;
  let lastHeard = 0;
  let timer = 0;
  let pulse = 0;
  let wasDown = false;

  const WORDS = { live: inbox.dataset.wordLive, connecting: inbox.dataset.wordConnecting, offline: inbox.dataset.wordOffline };
  function show(state) {
    indicator.dataset.state = state;
    indicator.querySelector('.words').textContent = WORDS[state];
  }
  const emit = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  function connect() {
    clearTimeout(timer);
    if (socket || navigator.onLine === false) return;
    const line = new WebSocket(address);
    socket = line;
    line.onopen = () => {
      attempts = 0;
      lastHeard = Date.now();
      show('live');
      if (lastSeq !== null) line.send(JSON.stringify({ type: 'resume', since: lastSeq }));
      if (wasDown) emit('live-again');
      wasDown = false;
      pulse = setInterval(() => {
        if (Date.now() - lastHeard > 60000) line.close();
        else if (Date.now() - lastHeard > 25000) line.send(JSON.stringify({ type: 'ping' }));
      }, 10000);
    };
    line.onmessage = (event) => {
      lastHeard = Date.now();
      const frame = JSON.parse(event.data);
      if (Number.isInteger(frame.seq)) {
        if (lastSeq !== null && frame.seq <= lastSeq) return; // seen before the line broke
        lastSeq = frame.seq;
      }
      emit('live', frame);
    };
    line.onclose = (event) => {
      if (socket !== line) return;
      clearInterval(pulse);
      socket = null;
      wasDown = true;
      show(navigator.onLine === false ? 'offline' : 'connecting');
      // Policy violation: signed out, or moved to another broker. A plain request tells which and goes to the sign-in page.
      if (event.code === 1008 || event.code === 4401 || event.code === 4403) emit('live-refused');
      const ceiling = Math.min(30000, 700 * 2 ** attempts);
      attempts = Math.min(attempts + 1, 8);
      if (attempts > 3) show('offline');
      timer = setTimeout(connect, ceiling / 2 + Math.random() * (ceiling / 2));
    };
  }

  window.addEventListener('online', () => { attempts = 0; connect(); });
  window.addEventListener('offline', () => show('offline'));
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || socket) return;
    attempts = 0;
    connect();
  });
  connect();
})();
